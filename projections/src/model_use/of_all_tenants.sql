-- The use of models by all tenants in a span, added up where no price begins in between.
with used as (
    select
        t.tenant_id,
        t.vertical,
        t.agent,
        t.provider,
        t.model,
        width_bucket(t.quarter, $3::text[]::timestamptz[]) as stretch,
        t.quarter,
        t.calls,
        t.input_tokens,
        t.cached_tokens,
        t.output_tokens,
        t.recorded_calls,
        t.recorded
    from model_use t
    where t.quarter >= $1
      and t.quarter < $2
),
sums as (
    select
        u.tenant_id,
        u.vertical,
        u.agent,
        u.provider,
        u.model,
        u.stretch,
        min(u.quarter) as quarter,
        least(sum(u.calls), 9223372036854775807)::bigint as calls,
        least(sum(u.input_tokens), 9223372036854775807)::bigint as input_tokens,
        least(sum(least(u.cached_tokens, u.input_tokens)), 9223372036854775807)::bigint as cached_tokens,
        least(sum(u.output_tokens), 9223372036854775807)::bigint as output_tokens,
        least(sum(u.recorded_calls), 9223372036854775807)::bigint as recorded_calls
    from used u
    group by u.tenant_id, u.vertical, u.agent, u.provider, u.model, u.stretch
),
amounts as (
    select
        u.tenant_id,
        u.vertical,
        u.agent,
        u.provider,
        u.model,
        u.stretch,
        one ->> 'currency' as currency,
        least(sum((one ->> 'amount')::numeric), 79228162514264337593543950335) as amount
    from used u
    cross join lateral jsonb_array_elements(u.recorded) one
    group by u.tenant_id, u.vertical, u.agent, u.provider, u.model, u.stretch, one ->> 'currency'
),
costs as (
    select
        a.tenant_id,
        a.vertical,
        a.agent,
        a.provider,
        a.model,
        a.stretch,
        jsonb_agg(jsonb_build_object('amount', a.amount::text, 'currency', a.currency)) as recorded
    from amounts a
    group by a.tenant_id, a.vertical, a.agent, a.provider, a.model, a.stretch
)
select
    s.tenant_id,
    s.vertical,
    s.quarter,
    s.agent,
    s.provider,
    s.model,
    s.calls,
    s.input_tokens,
    s.cached_tokens,
    s.output_tokens,
    s.recorded_calls,
    coalesce(c.recorded, '[]'::jsonb) as recorded
from sums s
left join costs c
    using (tenant_id, vertical, agent, provider, model, stretch)
order by s.tenant_id, s.vertical, s.agent, s.provider, s.model, s.stretch
