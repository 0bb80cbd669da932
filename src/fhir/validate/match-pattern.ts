// Fixed and pattern values (https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.pattern_x_).

/** Everything of the pattern is there; each member of an array of it is found in the array. */
export function fitsPattern(value: unknown, pattern: unknown): boolean {
  if (Array.isArray(pattern))
    return Array.isArray(value) && pattern.every((one) => value.some((inner) => fitsPattern(inner, one)));
  if (typeof pattern !== 'object' || pattern === null) return value === pattern;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  for (const key in pattern)
    if (!fitsPattern((value as Record<string, unknown>)[key], (pattern as Record<string, unknown>)[key]))
      return false;
  return true;
}

/** The same, with nothing beside it. */
export function equalsFixed(value: unknown, fixed: unknown): boolean {
  if (Array.isArray(fixed))
    return (
      Array.isArray(value) &&
      value.length === fixed.length &&
      fixed.every((one, at) => equalsFixed(value[at], one))
    );
  if (typeof fixed !== 'object' || fixed === null) return value === fixed;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const names = Object.keys(fixed);
  return (
    Object.keys(value).length === names.length &&
    names.every((name) =>
      equalsFixed((value as Record<string, unknown>)[name], (fixed as Record<string, unknown>)[name]),
    )
  );
}
