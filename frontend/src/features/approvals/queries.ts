import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { http, type Schemas } from '@/api/client';
import type { operations } from '@/api/generated';
import { answer } from '@/api/problem';
import { invalidate, readKey } from '@/api/query';

export type Approval = Schemas['Approval'];
export type ApprovalQuery = NonNullable<operations['list_approvals']['parameters']['query']>;
export type Decision = Schemas['DecideApprovalBody']['decision'];

export const approvalListQuery = (query: ApprovalQuery) =>
  queryOptions({
    queryKey: readKey('/api/v1/approvals', { query }),
    queryFn: ({ signal }) => answer(http.GET('/api/v1/approvals', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });

export function useDecideApproval({ id, task_id, shown_hash }: Approval) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (given: { decision: Decision; reason: string }) =>
      answer(
        http.POST('/api/v1/tasks/{id}/approval', {
          params: { path: { id: task_id } },
          body: { approval_id: id, shown_hash, ...given },
        }),
      ),
    // Whoever was faster, or whatever changed: the list shows it.
    onSettled: () =>
      Promise.all([
        invalidate(client, '/api/v1/approvals'),
        invalidate(client, '/api/v1/tasks'),
        invalidate(client, '/api/v1/tasks/{id}', { id: task_id }),
      ]),
  });
}
