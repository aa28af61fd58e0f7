"""Exports over HTTP in every format, read by DuckDB, pandas and Python's csv: the same events, and on from a cursor.

Arguments: the gateway's address, and a token that opens everything in one tenant.
"""

import csv
import io
import json
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from urllib.parse import urljoin

import duckdb
import pandas

endpoint, token = sys.argv[1:]
EVENTS = 4500


def ask(path, query=(), body=None, kind=None):
    url = urljoin(endpoint, path) + "?" + urllib.parse.urlencode(query)
    request = urllib.request.Request(url, data=body, headers={"Authorization": f"Bearer {token}"})
    if kind:
        request.add_header("Content-Type", kind)
    with urllib.request.urlopen(request, timeout=60) as response:
        return response.headers, response.read()


def refused(query):
    try:
        ask("/v1/export", query)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["detail"]
    raise AssertionError(f"{query} was answered")


for begin in range(0, EVENTS, 500):
    batch = [
        {
            "specversion": "1.0",
            "id": str(number),
            "source": "/shop",
            "type": "usage.pages",
            "time": f"2026-03-{number % 28 + 1:02}T10:00:00.123456Z",
            "data": {"quantity": "0.5", "dimensions": {"title": f'a "quoted", {number}\nline é'}},
        }
        for number in range(begin, begin + 500)
    ]
    ask("/v1/events", body=json.dumps(batch).encode(), kind="application/cloudevents-batch+json")

# What the house notes by itself, such as a key's last use, may come between two exports.
USAGE = ("type", "usage.*")
headers, lines = ask("/v1/export", [USAGE])
assert headers["Content-Type"] == "application/x-ndjson", headers["Content-Type"]
events = [json.loads(line) for line in lines.splitlines()]
assert len(events) == EVENTS, len(events)
positions = [int(event["sequence"]) for event in events]
assert positions == sorted(set(positions))

# CSV: the same attributes, and data as JSON.
headers, text = ask("/v1/export", [("format", "csv"), USAGE])
rows = list(csv.DictReader(io.StringIO(text.decode(), newline="")))
assert [row["id"] for row in rows] == [event["id"] for event in events]
assert [json.loads(row["data"]) for row in rows] == [event["data"] for event in events]
assert all(row["cursor"] == event["cursor"] for row, event in zip(rows, events))

# Parquet: by DuckDB and by pandas.
headers, parquet = ask("/v1/export", [("format", "parquet"), USAGE])
folder = tempfile.TemporaryDirectory()
path = f"{folder.name}/events.parquet"
with open(path, "wb") as file:
    file.write(parquet)
table = duckdb.sql(f"select * from read_parquet('{path}') order by sequence")
columns = dict(zip(table.columns, map(str, table.types)))
assert columns["time"] == "TIMESTAMP WITH TIME ZONE", columns
assert columns["sequence"] == "BIGINT" and columns["data"] in ("JSON", "VARCHAR"), columns
found = duckdb.sql(f"select id, data from read_parquet('{path}') order by sequence").fetchall()
assert [row[0] for row in found] == [event["id"] for event in events]
assert [json.loads(row[1]) for row in found] == [event["data"] for event in events]
total = duckdb.sql(
    f"select sum(cast(data->>'quantity' as decimal(18, 6))), count(*) from read_parquet('{path}') "
    "where type = 'annals.usage.pages' and time >= '2026-03-10T00:00:00Z'"
).fetchall()[0]
late = [event for event in events if event["time"] >= "2026-03-10"]
assert (float(total[0]), total[1]) == (len(late) / 2, len(late)), total

frame = pandas.read_parquet(path)
assert frame["id"].tolist() == [event["id"] for event in events]
assert frame["sequence"].tolist() == positions
assert str(frame["time"].dtype).startswith("datetime64[us, UTC"), frame["time"].dtype
wanted = pandas.to_datetime([event["time"] for event in events], format="ISO8601", utc=True)
assert (frame["time"].dt.floor("us") == wanted.floor("us")).all()
assert frame["causationid"].isna().all()

# On from a cursor, by type and by time.
middle = events[len(events) // 2]
_, rest = ask("/v1/export", [("after", middle["cursor"]), USAGE])
assert [json.loads(line)["id"] for line in rest.splitlines()] == [
    event["id"] for event in events[len(events) // 2 + 1 :]
]
_, others = ask("/v1/export", [("type", "tenant.*"), ("type", "api_key.*")])
kinds = {json.loads(line)["type"].split(".")[1] for line in others.splitlines()}
assert kinds == {"tenant", "api_key"}, kinds
_, none = ask("/v1/export", [("until", events[0]["recordedtime"]), USAGE])
assert none == b""
_, empty = ask("/v1/export", [("until", events[0]["recordedtime"]), ("format", "parquet"), USAGE])
assert empty[:4] == empty[-4:] == b"PAR1"

for query, said in [
    ([("format", "xlsx")], "format"),
    ([("after", "nonsense")], "after"),
    ([("since", "yesterday")], "since"),
    ([("tenant", "other")], "tenant"),
]:
    status, detail = refused(query)
    assert status == 400 and detail.startswith(said), (status, detail)
token = "annals_wrong"
try:
    ask("/v1/export")
    raise AssertionError("a wrong token was answered")
except urllib.error.HTTPError as error:
    assert error.code == 401, error.code
print(f"{len(events)} events as NDJSON, CSV and Parquet; DuckDB {duckdb.__version__}, pandas {pandas.__version__}")
