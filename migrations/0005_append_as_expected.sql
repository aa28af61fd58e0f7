-- The quick way into the log, for a batch in which every write is expected to succeed: it judges nothing
-- beforehand. A version or a receipt that is not as expected raises, all of the batch is rolled back, and
-- the appender asks log_append, which judges each write.
--   n_*  streams that are to be new;  s_*  streams that are there, with the version expected and the next
--   r_*  receipts; r_before is the number of the batch's events before the write's own
--   e_*  the events, in the order of their positions
-- Returns the position before the first event. Every statement after the first sees all that was
-- committed before the head row's lock was given.
create function log_append_as_expected(
    n_type text[], n_id text[], n_version bigint[],
    s_type text[], s_id text[], s_expected bigint[], s_version bigint[],
    r_key uuid[], r_hash bytea[], r_before bigint[], r_events int[], r_type text[], r_id text[], r_version bigint[],
    e_tenant text[], e_type text[], e_id text[], e_sequence bigint[], e_event_id text[], e_event_type text[],
    e_version text[], e_occurred_at timestamptz[], e_actor text[], e_correlation_id text[], e_causation_id text[],
    e_payload text[], e_metadata text[], e_hash bytea[],
    moment timestamptz
)
returns bigint
language plpgsql
as $$
#variable_conflict use_column
declare
    grown bigint := cardinality(e_sequence);
    moved bigint;
    head  bigint;
    stamp timestamptz;
begin
    update log_head h
    set position = h.position + grown, recorded_at = greatest(h.recorded_at, moment)
    returning h.position - grown, h.recorded_at
    into head, stamp;

    if cardinality(n_id) > 0 then
        insert into streams (aggregate_type, aggregate_id, version)
        select n.type, n.id, n.version
        from unnest(n_type, n_id, n_version) as n (type, id, version);
    end if;

    if cardinality(s_id) > 0 then
        update streams s
        set version = w.version
        from unnest(s_type, s_id, s_expected, s_version) as w (type, id, expected, version)
        where s.aggregate_type = w.type and s.aggregate_id = w.id and s.version = w.expected;
        get diagnostics moved = row_count;
        if moved < cardinality(s_id) then
            raise exception 'a stream has another version than expected'
                using errcode = 'integrity_constraint_violation';
        end if;
    end if;

    if cardinality(r_key) > 0 then
        insert into receipts (key, hash, position, events, aggregate_type, aggregate_id, version)
        select r.key, r.hash, head + r.before + 1, r.events, r.type, r.id, r.version
        from unnest(r_key, r_hash, r_before, r_events, r_type, r_id, r_version)
            as r (key, hash, before, events, type, id, version);
    end if;

    insert into events
    select head + e.number, e.tenant, e.type, e.id, e.sequence, e.event_id, e.event_type, e.version,
           e.occurred_at, stamp, e.actor, e.correlation_id, e.causation_id,
           e.payload::json, e.metadata::json, e.hash
    from unnest(e_tenant, e_type, e_id, e_sequence, e_event_id, e_event_type, e_version, e_occurred_at, e_actor,
                e_correlation_id, e_causation_id, e_payload, e_metadata, e_hash)
        with ordinality
        as e (tenant, type, id, sequence, event_id, event_type, version, occurred_at, actor,
              correlation_id, causation_id, payload, metadata, hash, number);

    perform pg_notify('annals_log', (head + grown)::text);
    return head;
end
$$;

revoke execute on function log_append_as_expected from public;
grant execute on function log_append_as_expected to annals_appender;
