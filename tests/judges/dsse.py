"""Judges a DSSE envelope: dsse.py KEY.pub ENVELOPE SCHEME [tamper]; prints the result and the subject's name.

With "tamper" a byte of the payload is changed first, in the file too.
"""
import base64
import hashlib
import json
import sys

from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from google.protobuf import json_format
from in_toto_attestation.predicates.test_result.v0.test_result_pb2 import TestResult
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey

public, path, scheme, *tamper = sys.argv[1:]
with open(public, "rb") as file:
    line = file.read()
blob = base64.b64decode(line.split()[1])
keyid = "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
key = SSlibKey.from_crypto(load_ssh_public_key(line), keyid, scheme)

with open(path, encoding="utf-8") as file:
    envelope = Envelope.from_dict(json.load(file))
if tamper:
    envelope.payload = envelope.payload.replace(b"FAILED", b"PASSED")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(envelope.to_dict(), file)
envelope.verify([key], 1)

message = json_format.Parse(envelope.payload, StatementMessage())
Statement.copy_from_pb(message).validate()
result = json_format.Parse(json.dumps(json.loads(envelope.payload)["predicate"]), TestResult())
print(result.result, message.subject[0].name)
