-- The audit feed by the events' own ids: what an event was caused by is named so.
create index audit_feed_by_event on audit_feed (tenant_id, event_id);
