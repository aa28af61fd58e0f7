-- The audit feed by the request or run that entries belong to, and by what caused them.
create index audit_feed_by_correlation on audit_feed (tenant_id, correlation_id, position) where correlation_id is not null;
create index audit_feed_by_causation on audit_feed (tenant_id, causation_id, position) where causation_id is not null;
