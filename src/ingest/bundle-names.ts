// By which names the entries of one Bundle may refer to each other, gathered before the first is written.
// Memory grows with the number of entries, by about a hundred bytes each, and not with their size.
import type { EntryName } from './entry-name.ts';
import { SeenNames } from './seen-names.ts';

export class BundleNames {
  /** fullUrl → type alone where the id is the end of the fullUrl, as in most Bundles; otherwise type/id. */
  readonly #byFullUrl = new Map<string, string>();
  readonly #ambiguous = new Set<string>();
  readonly #identities = new SeenNames();
  /** Of the entries with a condition, whose name needs the database. */
  readonly #conditional = new Map<number, EntryName>();
  readonly #byCondition = new Map<string, string>();
  readonly #wanted = new Map<string, Set<string>>();

  /** False when another resource of the Bundle has the fullUrl: then it names neither. */
  addFullUrl(fullUrl: string, reference: string): boolean {
    const known = this.find(fullUrl);
    if (known !== undefined && known !== reference) this.#ambiguous.add(fullUrl);
    if (this.#ambiguous.has(fullUrl)) return false;
    const slash = reference.indexOf('/');
    const id = reference.slice(slash + 1);
    const implied = fullUrl.endsWith(`:${id}`) || fullUrl.endsWith(`/${id}`);
    this.#byFullUrl.set(fullUrl, implied ? reference.slice(0, slash) : reference);
    return true;
  }

  find(fullUrl: string): string | undefined {
    const found = this.#byFullUrl.get(fullUrl);
    if (found === undefined || this.#ambiguous.has(fullUrl)) return undefined;
    if (found.includes('/')) return found;
    return `${found}/${/[^:/]+$/.exec(fullUrl)![0]}`;
  }

  /** False when the Bundle has had this type and id before. */
  addIdentity(reference: string): boolean {
    return this.#identities.add(reference);
  }

  setConditional(position: number, name: EntryName): void {
    this.#conditional.set(position, name);
  }

  conditional(position: number): EntryName | undefined {
    return this.#conditional.get(position);
  }

  /** Two conditional creates of one Bundle with the same condition are the same resource. */
  get byCondition(): Map<string, string> {
    return this.#byCondition;
  }

  /** Identifiers that a conditional reference of the Bundle looks for, with the entries that have them. */
  want(type: string, system: string, value: string): void {
    const key = `${type}?${system}|${value}`;
    if (!this.#wanted.has(key)) this.#wanted.set(key, new Set());
  }

  get wantsIdentifiers(): boolean {
    return this.#wanted.size > 0;
  }

  addIdentifiers(resource: Record<string, unknown>, reference: string): void {
    const list = Array.isArray(resource['identifier']) ? resource['identifier'] : [resource['identifier']];
    for (const identifier of list as unknown[]) {
      if (typeof identifier !== 'object' || identifier === null) continue;
      const { system, value } = identifier as { system?: unknown; value?: unknown };
      this.#wanted
        .get(`${String(resource['resourceType'])}?${String(system ?? '')}|${String(value)}`)
        ?.add(reference);
    }
  }

  withIdentifier(type: string, system: string, value: string): ReadonlySet<string> {
    return this.#wanted.get(`${type}?${system}|${value}`) ?? new Set();
  }
}
