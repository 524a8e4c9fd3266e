/**
 * Some changes ask for a password given in the last five minutes. The API refuses them with 403
 * `reauthentication_required`; then the user is asked, and the very same request is sent again.
 */

const REQUIRED = 'reauthentication_required';

/** Asks the user; whether the password was given. */
export type Asker = () => Promise<boolean>;

let asker: Asker | null = null;

/** Lets this asker ask from now on; returns the function that takes it back. */
export function askWith(next: Asker): () => void {
  asker = next;
  return () => {
    if (asker === next) asker = null;
  };
}

/** Sends the request; where it asks for the password first, does so and sends it again, once. */
export async function withPasswordAgain(
  send: (request: Request) => Promise<Response>,
  request: Request,
): Promise<Response> {
  const repeat = request.clone();
  const response = await send(request);
  if (response.status !== 403 || asker === null || !(await isRequired(response))) return response;
  return (await asker()) ? send(repeat) : response;
}

async function isRequired(response: Response): Promise<boolean> {
  const body: unknown = await response
    .clone()
    .json()
    .catch(() => null);
  return typeof body === 'object' && body !== null && 'code' in body && body.code === REQUIRED;
}
