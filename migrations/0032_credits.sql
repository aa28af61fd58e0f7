-- Prepaid credits: a ledger is told in the order of the log, so an invoice's row says where it was issued.

alter table invoice add column issued_position bigint not null default 0;
