-- Invoices are paged through in the order in which they were issued: numbers may come from two series.

create index invoice_by_position on invoice (tenant_id, issued_position);
