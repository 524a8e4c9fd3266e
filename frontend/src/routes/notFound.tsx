import TravelExploreOutlined from '@mui/icons-material/TravelExploreOutlined';
import { Page } from '@/ui/Page';
import { Panel } from '@/ui/Panel';
import { StateNote } from '@/ui/States';
import { TextLink } from '@/ui/TextLink';

/** An address without a page. */
export default function NotFound() {
  return (
    <Page title="Page not found">
      <Panel>
        <StateNote
          icon={<TravelExploreOutlined />}
          title="There is no page at this address"
          action={<TextLink to="/">Go to the overview</TextLink>}
        >
          The link may be old, or mistyped.
        </StateNote>
      </Panel>
    </Page>
  );
}
