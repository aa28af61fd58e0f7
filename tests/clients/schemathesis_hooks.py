"""What schemathesis is told about the gateway: how its scalars look, and what is a failure."""

import schemathesis
from hypothesis import strategies as st
from hypothesis_graphql import nodes

TEXTS = {
    "DateTime": st.datetimes().map(lambda at: at.isoformat() + "Z"),
    "Date": st.dates().map(lambda day: day.isoformat()),
    "Decimal": st.decimals(allow_nan=False, allow_infinity=False, places=2).map(str),
    "ULID": st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26),
    "Cursor": st.text(),
    "Long": st.integers(0, 2**63 - 1).map(str),
}
for name, texts in TEXTS.items():
    # Now and then a text that is none of the scalar's.
    schemathesis.graphql.scalar(name, st.one_of(texts, st.text(max_size=20)).map(nodes.String))
schemathesis.graphql.scalar("JSON", st.text(max_size=20).map(nodes.String))

INSIDE = ("panicked", "sqlx", "postgres", ".rs:", "Error {")


@schemathesis.check
def answers_well(ctx, response, case):
    """No 5xx, JSON with data or errors, and no error tells what is inside."""
    assert response.status_code < 500, f"{response.status_code}: {response.text}"
    answer = response.json()
    assert "data" in answer or "errors" in answer, response.text
    for error in answer.get("errors", []):
        assert error["extensions"]["code"] != "INTERNAL", response.text
        assert not any(word in error["message"] for word in INSIDE), response.text
