"""Judges a JSON file by a JSON Schema: json_schema.py SCHEMA FILE."""
import json
import sys

from jsonschema import FormatChecker, validators

with open(sys.argv[1], encoding="utf-8") as schema, open(sys.argv[2], encoding="utf-8") as file:
    schema, document = json.load(schema), json.load(file)
validators.validator_for(schema)(schema, format_checker=FormatChecker()).validate(document)
