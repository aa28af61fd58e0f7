"""An agent that is instrumented with OpenTelemetry's Python SDK reports itself: spans by OTLP/HTTP, as protobuf and gzip."""

import json
import sys
import time
import urllib.request

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

url, token = sys.argv[1:]
headers = {"Authorization": f"Bearer {token}"}
exporter = OTLPSpanExporter(
    endpoint=url.replace("/graphql", "/v1/traces"), headers=headers, compression=Compression.Gzip
)
provider = TracerProvider(resource=Resource({"service.name": "support-bot", "annals.vertical": "sales"}))
provider.add_span_processor(BatchSpanProcessor(exporter))
tracer = provider.get_tracer("tests")

agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Closer"}
with tracer.start_as_current_span("invoke_agent Closer", attributes=agent):
    for _ in range(3):
        with tracer.start_as_current_span("chat gpt-4o") as chat:
            chat.set_attribute("gen_ai.operation.name", "chat")
            chat.set_attribute("gen_ai.provider.name", "openai")
            chat.set_attribute("gen_ai.request.model", "gpt-4o")
            chat.set_attribute("gen_ai.usage.input_tokens", 100)
            chat.set_attribute("gen_ai.usage.cache_read.input_tokens", 40)
            chat.set_attribute("gen_ai.usage.output_tokens", 7)
    with tracer.start_as_current_span("execute_tool crm_search") as tool:
        tool.set_attribute("gen_ai.operation.name", "execute_tool")
        tool.set_attribute("gen_ai.tool.name", "crm_search")
assert provider.force_flush(), "not all spans were taken"


def ask(document):
    body = json.dumps({"query": document}).encode()
    sent = headers | {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, body, sent)) as answer:
        answer = json.load(answer)
    assert "errors" not in answer, answer
    return answer["data"]


# Until the read model has seen the last of it.
done = '{ auditFeed(last: 1, filter: { action: "agent_run.completed" }) { nodes { action } } }'
for _ in range(200):
    if ask(done)["auditFeed"]["nodes"]:
        break
    time.sleep(0.05)
runs = ask(
    "{ agentRuns(first: 5) { nodes { agentId vertical status result modelCalls toolCalls inputTokens cachedTokens"
    " outputTokens } } }"
)
expected = {
    "agentId": "Closer", "vertical": "sales", "status": "completed", "result": "ASSUMED", "modelCalls": 3,
    "toolCalls": 1, "inputTokens": 300, "cachedTokens": 120, "outputTokens": 21,
}
assert runs["agentRuns"]["nodes"] == [expected], runs
print("OpenTelemetry's Python SDK: a run of 3 model calls and a tool, told by its spans")
