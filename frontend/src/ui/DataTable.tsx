import Box from '@mui/material/Box';
import Stack from '@mui/material/Stack';
import { useTheme } from '@mui/material/styles';
import Table from '@mui/material/Table';
import TableBody from '@mui/material/TableBody';
import TableCell from '@mui/material/TableCell';
import TableContainer from '@mui/material/TableContainer';
import TableHead from '@mui/material/TableHead';
import TableRow from '@mui/material/TableRow';
import useMediaQuery from '@mui/material/useMediaQuery';
import type { ReactNode } from 'react';

export interface Column<T> {
  header: string;
  cell: (row: T) => ReactNode;
  align?: 'right';
  width?: number | string;
  /** Where it goes on a narrow screen: the card's title, its corner, a labelled line, or its foot. */
  narrow: 'title' | 'corner' | 'line' | 'foot';
}

interface DataTableProps<T> {
  /** Names the table for people who do not see it. */
  label: string;
  rows: readonly T[];
  columns: readonly Column<T>[];
  rowKey: (row: T) => string;
}

/** Rows as a table on wide screens and as a list of cards on narrow ones. */
export function DataTable<T>({ label, rows, columns, rowKey }: DataTableProps<T>) {
  const isNarrow = useMediaQuery(useTheme().breakpoints.down('md'));
  if (isNarrow) {
    return (
      <Box component="ul" aria-label={label} sx={{ listStyle: 'none', m: 0, p: 0 }}>
        {rows.map((row) => (
          <Card key={rowKey(row)} row={row} columns={columns} />
        ))}
      </Box>
    );
  }
  return (
    <TableContainer>
      <Table aria-label={label}>
        <TableHead>
          <TableRow>
            {columns.map(({ header, align, width, narrow }) => (
              <TableCell key={header} align={align ?? 'left'} sx={{ width }}>
                {narrow === 'foot' ? <span className="visually-hidden">{header}</span> : header}
              </TableCell>
            ))}
          </TableRow>
        </TableHead>
        <TableBody>
          {rows.map((row) => (
            <TableRow
              key={rowKey(row)}
              sx={{ '&:last-child td': { border: 0 }, '&:hover': { bgcolor: 'background.sunken' } }}
            >
              {columns.map(({ header, cell, align }) => (
                <TableCell key={header} align={align ?? 'left'}>
                  {cell(row)}
                </TableCell>
              ))}
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </TableContainer>
  );
}

function Card<T>({ row, columns }: { row: T; columns: readonly Column<T>[] }) {
  const at = (place: Column<T>['narrow']) => columns.filter(({ narrow }) => narrow === place);
  return (
    <Box
      component="li"
      sx={{
        px: 2,
        py: 1.75,
        borderTop: 1,
        borderColor: 'divider',
        '&:first-of-type': { border: 0 },
      }}
    >
      <Stack direction="row" sx={{ gap: 1, justifyContent: 'space-between' }}>
        <Box sx={{ minWidth: 0 }}>
          {at('title').map(({ header, cell }) => (
            <div key={header}>{cell(row)}</div>
          ))}
        </Box>
        <Box sx={{ flexShrink: 0 }}>
          {at('corner').map(({ header, cell }) => (
            <div key={header}>{cell(row)}</div>
          ))}
        </Box>
      </Stack>
      <Box
        component="dl"
        sx={{
          display: 'grid',
          gridTemplateColumns: 'auto 1fr',
          columnGap: 2,
          rowGap: 0.25,
          m: 0,
          mt: 1,
          fontSize: '0.8438rem',
        }}
      >
        {at('line').map(({ header, cell }) => (
          <Box key={header} sx={{ display: 'contents' }}>
            <Box component="dt" sx={{ color: 'text.secondary' }}>
              {header}
            </Box>
            <Box component="dd" sx={{ m: 0, minWidth: 0 }}>
              {cell(row)}
            </Box>
          </Box>
        ))}
      </Box>
      {at('foot').map(({ header, cell }) => (
        <Box key={header} sx={{ mt: 1.25, '&:empty': { display: 'none' } }}>
          {cell(row)}
        </Box>
      ))}
    </Box>
  );
}
