-- One index finds the key in use and the old keys of a type. With two that began alike, a planner without statistics
-- looked for a subject's key among all keys of the type and month.
drop index subject_keys_in_use, subject_keys_by_age;

create unique index subject_keys_in_use on subject_keys (tenant_id, event_type, month, subject)
where wrapped is not null;
