# SPDX-License-Identifier: Apache-2.0
"""Judges experiment files by a JSON Schema with a validator that is not hone's.

check_schema.py SCHEMA FILE...    prints a line per file: "ok FILE" or "bad FILE: PATH: why"
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import jsonschema
import yaml


def as_texts(value: object) -> object:
    """YAML 1.1 reads the key `on` as a flag; hone and editors read keys as texts."""
    if isinstance(value, dict):
        return {"on" if key is True else str(key): as_texts(member) for key, member in value.items()}
    return [as_texts(item) for item in value] if isinstance(value, list) else value


def unknown_keys(schema: dict, value: object, path: str) -> list[str]:
    """Members that the schema has no word for, where it has some for the others."""
    found: list[str] = []
    if isinstance(value, dict) and "properties" in schema:
        for key, member in value.items():
            if key not in schema["properties"]:
                found.append(f"{path}.{key}")
            else:
                found += unknown_keys(schema["properties"][key], member, f"{path}.{key}")
    if isinstance(value, list):
        for item in value:
            found += unknown_keys(schema.get("items", {}), item, f"{path}[]")
    return found


def judge(schema: dict, document: object) -> str:
    validator = jsonschema.Draft7Validator(schema)
    error = jsonschema.exceptions.best_match(validator.iter_errors(document))
    if error is not None:
        return f"{error.json_path}: {error.message}"
    unknown = unknown_keys(schema, document, "$")
    return f"{unknown[0]}: no such field in the schema" if unknown else ""


def main() -> None:
    schema = json.loads(Path(sys.argv[1]).read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    for name in sys.argv[2:]:
        documents = list(yaml.safe_load_all(Path(name).read_text()))
        experiments = [d for d in documents if isinstance(d, dict) and d.get("kind") == "Experiment"]
        why = judge(schema, as_texts(experiments[0])) if experiments else "no Experiment in it"
        print(f"bad {name}: {why}" if why else f"ok {name}")


if __name__ == "__main__":
    main()
