"""What importing the rules of an edge costs: 500 firewall rules and 100 translations.

    python -m benchmarks.import_edge [RULES]

One core, processor time. Read: XML to records, everything checked. Report and YAML: what the user sees and
what is written. Into: the environment is read, changed and loaded again, as `cxsim import --into` does.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import TypeVar

from cxsim.sim.intake import EdgeConfig, import_edge
from cxsim.sim.intake.edge_yaml import fragment
from cxsim.sim.intake.into import put_into
from cxsim.sim.intake.report import lines

T = TypeVar("T")
RULES = 500
TARGET_S = 1.0
"""Issue: importing an edge with 500 rules takes under a second."""


def export(rules: int) -> str:
    """An EdgeGatewayServiceConfiguration with so many firewall rules, and a translation for every fifth."""
    body = "\n".join(
        f"<FirewallRule><Id>{n}</Id><IsEnabled>true</IsEnabled><MatchOnTranslate>false</MatchOnTranslate>"
        f"<Description>rule number {n}</Description><Policy>{'allow' if n % 3 else 'drop'}</Policy>"
        f"<Protocols><Tcp>true</Tcp></Protocols><DestinationPortRange>{1000 + n}-{2000 + n}"
        f"</DestinationPortRange><DestinationIp>198.51.100.{n % 200 + 10}</DestinationIp><SourcePortRange>Any"
        f"</SourcePortRange><SourceIp>10.{n % 200}.0.0/16</SourceIp></FirewallRule>"
        for n in range(1, rules + 1)
    )
    nat = "\n".join(
        f"<NatRule><RuleType>DNAT</RuleType><IsEnabled>true</IsEnabled><Id>{65536 + n}</Id><GatewayNatRule>"
        '<Interface name="ext"/><OriginalIp>198.51.100.10</OriginalIp>'
        f"<OriginalPort>{2000 + n}</OriginalPort><TranslatedIp>192.168.0.{n % 200 + 10}</TranslatedIp>"
        f"<TranslatedPort>{3000 + n}</TranslatedPort><Protocol>tcp</Protocol></GatewayNatRule></NatRule>"
        for n in range(1, rules // 5 + 1)
    )
    return (
        '<EdgeGatewayServiceConfiguration xmlns="http://www.vmware.com/vcloud/v1.5"><FirewallService>'
        f"<IsEnabled>true</IsEnabled><DefaultAction>drop</DefaultAction>\n{body}</FirewallService>"
        f"<NatService><IsEnabled>true</IsEnabled>\n{nat}</NatService></EdgeGatewayServiceConfiguration>"
    )


def taken(work: Callable[[], T]) -> tuple[T, float]:
    """What the work gives, and its processor seconds."""
    begin = time.process_time()
    result = work()
    return result, time.process_time() - begin


def main() -> None:
    """Measure and print a line a step."""
    given = [int(word) for word in sys.argv[1:] if word.isdigit()]
    rules = given[0] if given else RULES
    environment = Path(str(files("cxsim.scenarios"))) / "environments" / "tyrell-mycloud.yaml"
    with tempfile.TemporaryDirectory(prefix="cxsim-bench-") as directory:
        path = Path(directory) / "edge.xml"
        path.write_text(export(rules))
        copy = Path(directory) / "environment.yaml"
        copy.write_text(environment.read_text())
        config: EdgeConfig
        config, read_s = taken(lambda: import_edge([path], "TYR-ESG"))
        _, shown_s = taken(lambda: (list(lines(config)), fragment(config)))
        _, into_s = taken(lambda: put_into(copy, config))
    count = len(config.rules or []) + len(config.nat or [])
    print(
        f"import of {count} rules: read {read_s:.3f} s, report and YAML {shown_s:.3f} s, "
        f"into an environment {into_s:.3f} s; {read_s + shown_s + into_s:.3f} s in all "
        f"(target {TARGET_S} s for {RULES})",
        flush=True,
    )


if __name__ == "__main__":
    main()
