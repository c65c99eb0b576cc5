"""What Schemathesis does not know of this API: how a statement is signed. The test that runs it is `schemathesis.rs`.

What the description promises of a body (any string that looks like a statement) is turned into a notice that the publisher
`centre` has really signed; what is meant to be refused goes as it is. Every fourth notice is the first one again: of that the
ledger has a receipt already. How often each operation was answered with each status is written to the file COUNTS.
"""

import base64
import collections
import hashlib
import json
import os

import schemathesis
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SECTORS = {"land": ["plan", "announcement", "change", "award"], "construction": ["announcement", "change", "contract"]}

# What the test has put into the ledger.
REAL = {
    "n": "000",
    "level": 0,
    "project": "P-1",
    "sha256": os.environ["ATTACHMENT"],
    "file": os.environ["EVIDENCE_NAME"],
}

counts = collections.Counter()
first = []


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


with open(os.environ["CENTRE_KEY"]) as file:
    jwk = json.load(file)
key = Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(jwk["d"] + "="))
thumbprint = compact({name: jwk[name] for name in ("crv", "kty", "x")})
kid = encode(hashlib.sha256(thumbprint).digest())


def signed_notice(value):
    """A notice made of a string: the same string gives the same statement, byte for byte."""
    digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest()
    sector = sorted(SECTORS)[digest[0] % len(SECTORS)]
    project = f"P-{digest[1] % 20}"
    disclosure = encode(compact([encode(digest[:16]), "text", "全文 " + digest.hex()]))
    claims = {
        "iss": "centre",
        "aud": "ledger.example/wuhan",
        "iat": 1795000000,
        "jti": digest.hex(),
        "sub": f"project/{project}",
        "project": {"id": project},
        "sector": sector,
        "stage": SECTORS[sector][digest[2] % len(SECTORS[sector])],
        "title": "公告 " + digest[:4].hex(),
        "region": "420100",
        "_sd": [encode(hashlib.sha256(disclosure.encode()).digest())],
    }
    header = {"alg": "Ed25519", "kid": kid, "typ": "notice+sd-jwt"}
    signed = f"{encode(compact(header))}.{encode(compact(claims))}"
    return f"{signed}.{encode(key.sign(signed.encode()))}~{disclosure}~".encode()


@schemathesis.serializer("application/sd-jwt")
def sd_jwt(context, value):
    if not isinstance(value, str) or is_to_be_refused(context.case):
        return value.encode() if isinstance(value, str) else compact(value)
    notice = signed_notice(value)
    if first and sum(notice) % 4 == 0:
        notice = first[0]
    first.append(notice)
    return notice


def draft(value):
    """A draft made of any object: the ledger knows some of its projects."""
    digest = hashlib.sha256(json.dumps(value, sort_keys=True).encode()).digest()
    sector = sorted(SECTORS)[digest[0] % len(SECTORS)]
    stage = SECTORS[sector][digest[2] % len(SECTORS[sector])]
    project = {"id": f"P-{digest[1] % 40}"}
    return {"notice_id": digest.hex(), "project": project, "sector": sector, "stage": stage, "title": "公告 " + digest[:4].hex()}


def is_to_be_refused(case):
    return case.meta is not None and case.meta.generation.mode.is_negative


@schemathesis.hook
def map_case(context, case):
    """Every other time what is there is asked for: of a string made up nothing is ever found."""
    # A stream of events that nobody reads ends at once.
    if case.path == "/events" and str((case.query or {}).get("seconds", 0)).isdigit():
        case.query = {**(case.query or {}), "seconds": 0}
    if is_to_be_refused(case):
        return case
    # What a draft must be is told in words and by the answer, not by the schema.
    if case.path == "/api/v1/drafts" and isinstance(case.body, dict):
        case.body = draft(case.body)
    path = case.path_parameters or {}
    if "file" in path or len("".join(str(value) for value in path.values())) % 2 == 0:
        path.update({name: REAL[name] for name in path if name in REAL})
    # OpenAPI cannot say of a parameter that it goes with one other alone, as the description does in words.
    if case.query and "notice_id" in case.query:
        case.query = {name: value for name, value in case.query.items() if name in ("notice_id", "publisher")}
    return case


@schemathesis.hook
def after_call(context, case, response):
    operation = f"{case.method} {case.path} {response.status_code}"
    counts[operation] += 1
    with open(os.environ["COUNTS"], "w") as file:
        json.dump(counts, file, indent=1, sort_keys=True)
