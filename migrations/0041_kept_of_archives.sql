-- How many events of an archived year were kept at hand when it left; null: it left before this was noted.
alter table log_archives add column kept bigint;
