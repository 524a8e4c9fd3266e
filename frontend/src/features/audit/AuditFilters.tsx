import { useQuery } from '@tanstack/react-query';
import { eventTypes } from '@/lib/eventTypes';
import { ChoiceFilter, FilterBar, SearchFilter, TimeFilter } from '@/ui/Filters';
import { type AuditUrlFilters, aggregateNames, aggregateTypes } from './filters';
import { actorsQuery } from './queries';

/** Everything the log can be asked for. */
export function AuditFilters({ filters }: { filters: AuditUrlFilters }) {
  const { values, set } = filters;
  const users = useQuery(actorsQuery).data?.items ?? [];
  const types = eventTypes.filter(
    (type) => values.aggregate_type === '' || type.startsWith(`${values.aggregate_type}.`),
  );
  return (
    <FilterBar isFiltered={filters.isFiltered} onClear={filters.clear}>
      <ChoiceFilter
        label="About"
        value={values.aggregate_type}
        choices={aggregateTypes.map((type) => [type, aggregateNames[type]] as const)}
        onChange={(value) => set('aggregate_type', value)}
      />
      <ChoiceFilter
        label="Event"
        value={types.some((type) => type === values.event_type) ? values.event_type : ''}
        choices={types.map((type) => [type, type] as const)}
        onChange={(value) => set('event_type', value)}
      />
      <ChoiceFilter
        label="Who"
        value={users.some(({ id }) => id === values.actor_id) ? values.actor_id : ''}
        choices={users.map(({ id, full_name, email }) => [id, full_name ?? email ?? id] as const)}
        onChange={(value) => set('actor_id', value)}
      />
      <ChoiceFilter
        label="Order"
        value={values.order === 'asc' ? 'asc' : 'desc'}
        choices={[
          ['desc', 'Newest first'],
          ['asc', 'Oldest first'],
        ]}
        isOrder
        onChange={(value) => set('order', value === 'asc' ? 'asc' : '')}
      />
      <TimeFilter label="From" value={values.from} onChange={(value) => set('from', value)} />
      <TimeFilter label="To" value={values.to} onChange={(value) => set('to', value)} />
      <SearchFilter
        label="Object id"
        value={values.aggregate_id}
        onChange={(value) => set('aggregate_id', value)}
      />
      <SearchFilter
        label="Request id"
        value={values.request_id}
        onChange={(value) => set('request_id', value)}
      />
    </FilterBar>
  );
}
