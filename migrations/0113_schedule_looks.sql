-- Which schedules changed lately, and which due times were set by a clock that has gone back since: what is looked for each
-- second beside what is due.
create index schedules_updated on schedules (updated_at);
create index schedule_clock_settled on schedule_clock (settled_at);
