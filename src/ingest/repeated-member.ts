// Whether an object of a JSON text names a member twice. JSON.parse keeps the last and forgets the others, so part of a
// record would be lost without a word (RFC 8259 section 4: the names within an object should be unique).

/** Members of all objects of a value, as JSON.parse gave it. */
export function countMembers(value: unknown): number {
  let count = 0;
  const open: object[] = typeof value === 'object' && value !== null ? [value] : [];
  for (let current = open.pop(); current !== undefined; current = open.pop()) {
    const inner: unknown[] = Array.isArray(current) ? current : Object.values(current);
    if (!Array.isArray(current)) count += inner.length;
    for (const item of inner) if (typeof item === 'object' && item !== null) open.push(item);
  }
  return count;
}

interface OpenPlace {
  /** Undefined of an array. */
  readonly names: Set<string> | undefined;
  name: string;
  position: number;
}

/** The place of the first member that is named twice, as `name[1].family`. The text is valid JSON. */
export function repeatedMember(text: string): string {
  const open: OpenPlace[] = [];
  for (const { 0: token } of text.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[{}[\],]/gs)) {
    const place = open.at(-1);
    if (token === '{') open.push({ names: new Set(), name: '', position: 0 });
    else if (token === '[') open.push({ names: undefined, name: '', position: 0 });
    else if (token === '}' || token === ']') open.pop();
    else if (token === ',') {
      if (place !== undefined) place.position++;
    } else if (token.endsWith(':') && place?.names !== undefined) {
      const name = JSON.parse(token.slice(0, token.lastIndexOf('"') + 1)) as string;
      place.name = elementName(name);
      if (place.names.has(name)) return pathOf(open);
      place.names.add(name);
    }
  }
  return '';
}

function pathOf(open: readonly OpenPlace[]): string {
  let path = '';
  for (const place of open) {
    if (place.names === undefined) path += `[${place.position}]`;
    else path += path === '' ? place.name : `.${place.name}`;
  }
  return path;
}

/** A name as it may be printed: what is no name of an element may be part of a record. */
function elementName(name: string): string {
  return /^_?[A-Za-z][A-Za-z0-9]{0,59}$/.test(name) ? name : '?';
}
