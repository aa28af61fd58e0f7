"""What PyPI's genai-prices reads out of providers' answers: a JSON list of cases in, the same with `usage` out."""

import json
import sys

from genai_prices.data_snapshot import get_snapshot

cases = json.load(sys.stdin)
for case in cases:
    provider = get_snapshot().find_provider(None, case["provider"], None)
    _, usage = provider.extract_usage(case["answer"], api_flavor=case["flavor"])
    case["usage"] = {
        "input": int(usage.input_tokens or 0),
        "cached": int(usage.cache_read_tokens or 0),
        "output": int(usage.output_tokens or 0),
    }
json.dump(cases, sys.stdout, indent=1)
print()
