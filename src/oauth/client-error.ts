// What the client registry throws: shown beside the field of the developer portal and by the command line.

/** A registration that cannot be accepted; the message names the value and is for the developer to read. */
export class ClientError extends Error {
  override name = 'ClientError';
  /** Which entry of the registration is wrong: `name`, `redirectUris`, `lines`, `scopes`, `jwks`, `client_id`. */
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}
