"""Holds the rules against their JSON Schema: python3 check_schema.py

Every file of `rules` must fit, and a rule that lacks what the loader asks for, or has what nobody knows, must not.
"""

import copy
import json
import sys
import tomllib
from pathlib import Path

import jsonschema

HERE = Path(__file__).parent
REQUIRED = "id law citation audience effective-from source confidence status trigger clocks deadline case".split()
# One thing wrong each, in the first rule of a file.
WRONG = {
    "confidence": "sure",
    "effective-from": "soon",
    "citation": " ",
    "deadline": {"weeks": 3},
    "trigger": [{"people-at-least": -1}],
    "clocks": [],
    "required": ["natur"],
    "other-readings": [{"count": "first-day-counts"}],
    "further-filings": [{"role": "phase", "what": "a supplement", "clock": "awareness"}],
    "case": [],
    "requird": [],
}


def broken(book):
    """The book with each thing in turn that has to be refused, under a name."""
    for field in REQUIRED:
        without = copy.deepcopy(book)
        del without["rule"][0][field]
        yield f"without {field}", without
    for field, value in WRONG.items():
        wrong = copy.deepcopy(book)
        wrong["rule"][0][field] = value
        yield f"{field} = {value!r}", wrong


def main():
    schema = json.loads((HERE / "rule.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    problems, books = [], 0
    for path in sorted((HERE / "rules").glob("*.toml")):
        books += 1
        book = tomllib.loads(path.read_text())
        for error in validator.iter_errors(book):
            problems.append(f"{path.name}: {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}")
    for name, wrong in broken(tomllib.loads((HERE / "rules" / "us-ny.toml").read_text())):
        if validator.is_valid(wrong):
            problems.append(f"a rule {name} fits the schema")
    print("\n".join(problems), f"{books} files, {len(problems)} problems", sep="\n" if problems else "")
    sys.exit(1 if problems else 0)


main()
