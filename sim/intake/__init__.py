"""A way in for a real environment: answers to questions, exports of edges, tables of rules.

config = import_edge(files, "TYR-ESG", Options())       # what an export says, and what was not understood
made = environment_from(read_answers(path))             # an environment and scenarios from answers
"""

from cxsim.sim.intake.importing import Options, import_edge
from cxsim.sim.intake.records import EdgeConfig, Kind, NatLine, Note, RuleLine

__all__ = ["EdgeConfig", "Kind", "NatLine", "Note", "Options", "RuleLine", "import_edge"]
