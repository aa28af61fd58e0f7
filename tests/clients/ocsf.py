"""Validates OCSF events, a line each on standard input, against the schema of their class that others packaged."""

import json
import sys
from collections import Counter

import jsonschema_rs
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

schema = OcsfJsonSchemaEmbedded(get_ocsf_schema("1.8.0"))
validators, classes = {}, Counter()
for line in sys.stdin:
    event = json.loads(line)
    assert event["metadata"]["version"] == "1.8.0"
    name = schema.lookup_class_name_from_uid(event["class_uid"])
    if name not in validators:
        validators[name] = jsonschema_rs.validator_for(schema.get_class_schema(name, []))
    validators[name].validate(event)
    classes[name] += 1
# That it can fail: an event without its time is none.
del event["time"]
assert not validators[name].is_valid(event)
print(json.dumps(classes, sort_keys=True))
