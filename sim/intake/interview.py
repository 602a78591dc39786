"""`cxsim new` as a conversation: topics, questions with their reason and example, answers read at once.

Rules of this file: an answer that cannot be read is asked again, with what is wrong; several lines end with
an empty one. The result is the text of an answers file, so that an interview can be corrected and repeated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import click

from cxsim.sim.intake.questions import DONT_KNOW, EMPTY_WORDS, TOPICS, Question, is_unknown
from cxsim.sim.intake.values import Unreadable
from cxsim.sim.intake.yamltext import INDENT, comment, scalar

Said = str | list[str]


def interview() -> dict[str, Said]:
    """Ask every question. Answers by key; raises click.Abort on Ctrl-C or end of input."""
    click.echo("An empty answer takes the default in [ ]. `unknown` is an answer where it is offered.")
    said: dict[str, Said] = {}
    for number, topic in enumerate(TOPICS, 1):
        click.echo("")
        click.echo(click.style(f"{number}. {topic.title}", bold=True))
        for question in topic.questions:
            said[question.key] = _lines(question) if question.many else _one(question)
    return said


def _asked(question: Question) -> str:
    example = question.example if isinstance(question.example, str) else ""
    hint = f" (as {example})" if example and example != question.default else ""
    return f"  {question.asks}{hint}; {question.why}"


def _one(question: Question) -> str:
    click.echo(_asked(question))
    free = question.key.startswith("public_endpoints.")
    default = question.default if question.default is not None else None
    while True:
        typed = click.prompt("  ", default=default, show_default=bool(default), prompt_suffix="> ")
        text = str(typed).strip()
        if free and text.lower() in EMPTY_WORDS:
            return ""
        if (question.unknown and is_unknown(text)) or (text == "" and default == ""):
            return DONT_KNOW if text else ""
        problem = _problem(question, text)
        if problem is None:
            return text
        click.echo(f"    {problem}")


def _lines(question: Question) -> Said:
    click.echo(_asked(question))
    for example in (question.example if not isinstance(question.example, str) else ())[:2]:
        click.echo(f"      as {example}")
    offers = ["an empty line ends"] + (["unknown if nobody knows"] if question.unknown else [])
    click.echo(f"      {'; '.join(offers)}")
    said: list[str] = []
    while True:
        text = str(click.prompt("  ", default="", show_default=False, prompt_suffix="> ")).strip()
        if not text:
            if said or question.default == "":
                return said
            if question.unknown:
                return DONT_KNOW
            click.echo("    at least one line is needed")
        elif question.unknown and not said and is_unknown(text):
            return DONT_KNOW
        else:
            problem = _problem(question, text)
            if problem is None:
                said.append(text)
            else:
                click.echo(f"    {problem}")


def _problem(question: Question, text: str) -> str | None:
    try:
        question.read(text)
    except Unreadable as error:
        return f"{error}: {error.right}"
    return None


# -- the answers file ---------------------------------------------------------------------------------


def template() -> str:
    """An answers file filled in with the article's environment, every question explained."""
    said: dict[str, Said] = {
        q.key: list(q.example) if not isinstance(q.example, str) else q.example
        for topic in TOPICS
        for q in topic.questions
    }
    return answers_text(said, explained=True)


def answers_text(said: Mapping[str, Said], explained: bool = False) -> str:
    """The text of an answers file."""
    lines = ["# Answers for cxsim new --answers FILE (docs/way-in.md)."]
    if explained:
        lines += [
            "# Filled in with the environment of the article series; put yours in its place. `unknown` is an",
            "# answer wherever a question says so: what rests on it is then UNDETERMINED, never guessed.",
        ]
    lines.append("answers: 1")
    open_path: list[str] = []
    for topic in TOPICS:
        lines += ["", comment(f"--- {topic.title}")]
        for question in topic.questions:
            *parents, name = question.key.split(".")
            common = 0
            while common < min(len(parents), len(open_path)) and parents[common] == open_path[common]:
                common += 1
            for depth in range(common, len(parents)):
                lines.append(f"{INDENT * depth}{parents[depth]}:")
            open_path = parents
            lines += _entry(question, name, said[question.key], len(parents), explained)
    return "\n".join(lines) + "\n"


def _entry(question: Question, name: str, value: Said, depth: int, explained: bool) -> Iterable[str]:
    pad = INDENT * depth
    if explained:
        yield f"{pad}{comment(question.asks)}"
        unknown = "; may be unknown" if question.unknown else ""
        yield f"{pad}{comment(f'  why: {question.why}{unknown}').replace('# ', '#   ', 1)}"
    if isinstance(value, list):
        yield f"{pad}{name}: []" if not value else f"{pad}{name}:"
        for line in value:
            yield f"{pad}{INDENT}- {scalar(line)}"
    elif value == "" and question.default == "":
        if explained:
            yield f"{pad}{comment(f'{name}:')}"
    else:
        yield f"{pad}{name}: {scalar(value)}"
