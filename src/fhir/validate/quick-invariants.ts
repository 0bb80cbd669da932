// Invariants of base R4 that stand on nearly every element, as plain code: what it can tell at a glance the library need not
// be asked. Known by expression, so that another rule of the same key is not taken for it; a test holds both to agree.
import { isObject, type Json } from './occurrences.ts';

/** Undefined: the library tells. */
type Glance = (value: Json) => boolean | undefined;

const glances: Readonly<Record<string, Glance>> = {
  // qty-3
  'code.empty() or system.exists()': (value) => !has(value, 'code') || has(value, 'system'),
  // sqty-1
  'comparator.empty()': (value) => !has(value, 'comparator'),
  // per-1
  'start.hasValue().not() or end.hasValue().not() or (start <= end)': ({ start, end }) => {
    if (start === undefined || end === undefined) return true;
    const comparable = typeof start === 'string' && typeof end === 'string' && isDay(start) && isDay(end);
    return comparable ? start <= end : undefined;
  },
  // obs-6
  'dataAbsentReason.empty() or value.empty()': (value) => (has(value, 'dataAbsentReason') ? undefined : true),
  // obs-7
  'value.empty() or component.code.where(coding.intersect(%resource.code.coding).exists()).empty()': (
    value,
  ) => (has(value, 'component') ? undefined : true),
  // vs-2
  '(component.empty() and hasMember.empty()) implies (dataAbsentReason.exists() or value.exists())': (
    value,
  ) => (has(value, 'component') || has(value, 'hasMember') || has(value, 'valueQuantity') ? true : undefined),
  // ref-1: about references into the resource; of no literal reference at all its expression says nothing.
  "reference.startsWith('#').not() or (reference.substring(1).trace('url') in %rootResource.contained.id.trace('ids'))":
    ({ reference }) => (typeof reference === 'string' && reference.startsWith('#') ? undefined : true),
};

export function atAGlance(expression: string): Glance | undefined {
  return glances[expression];
}

export function toldAtAGlance(): string[] {
  return Object.keys(glances);
}

export function glanceAt(glance: Glance, value: unknown): boolean | undefined {
  return isObject(value) ? glance(value) : undefined;
}

function has(value: Json, name: string): boolean {
  return value[name] !== undefined || value[`_${name}`] !== undefined;
}

/** As strings days compare as days do. */
function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text);
}
