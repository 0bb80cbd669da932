// $validate: what base R4 and profiles find wrong with a resource that is sent, or with one that is held
// (https://hl7.org/fhir/R4/resource-operation-validate.html). Nothing is stored, and no answer repeats what a resource holds.
import type { FhirService } from '../fhir-service.ts';
import { FhirError } from '../operation-outcome.ts';
import type { BearerInteraction } from '../pipeline.ts';
import type { FhirAnswer } from '../respond.ts';
import { compileRead } from '../store/compile-read.ts';
import { isObject, type Json } from '../validate/occurrences.ts';
import { validationOutcome } from '../validate/validation-outcome.ts';
import { answerResource, instanceOf } from './read.ts';
import { requireKnownParams } from './require-known-params.ts';
import { requireServedType } from './require-served-type.ts';

const known = ['profile', 'mode'];
/** Of a delete nothing but the interaction could be wrong, and it is not offered. */
const modes = ['create', 'update', 'profile'];
/** One request must not hold up the others, and some rules of the guides compare all elements with all. */
const millisecondsAtMost = 1000;
const charactersAtMost = 262_144;

/** POST [base]/[type]/$validate and [base]/[type]/[id]/$validate with a resource, or Parameters that have it. */
export const validateSent: BearerInteraction = async (service, request, access) => {
  const { type, id } = instanceOf(request);
  requireServedType(service.definitions, type);
  requireToken(access);
  const query = requireKnownParams(request.query, known);
  if (!request.hasResource) {
    if (id === undefined)
      throw new FhirError('missing-parameter', 'The body must be the resource, or Parameters with resource.');
    return validateHeld(service, request, access);
  }
  const body = request.resource();
  const { resource, profile, mode } =
    body['resourceType'] === 'Parameters' && type !== 'Parameters'
      ? fromParameters(body)
      : { resource: body, profile: undefined, mode: undefined };
  requireMode(mode ?? query.get('mode'));
  if (resource === undefined) {
    if (id === undefined) throw new FhirError('missing-parameter', 'resource: Parameters must have it.');
    return validateHeld(service, request, access);
  }
  if (resource['resourceType'] !== type)
    throw new FhirError('invalid-parameter', `resource: must be the ${type} that the address names.`);
  if (id !== undefined && resource['id'] !== id)
    throw new FhirError('invalid-parameter', 'resource: its id is not the one that the address names.');
  return answer(service, resource, profile ?? query.get('profile'));
};

/** GET [base]/[type]/[id]/$validate: as far as the token sees it. */
export const validateHeld: BearerInteraction = async (service, request, access) => {
  const { type, id } = instanceOf(request);
  requireServedType(service.definitions, type);
  requireToken(access);
  const query = requireKnownParams(request.query, known);
  requireMode(query.get('mode'));
  const row = await service.store.one(await compileRead(service.store.search, type, id, access));
  const { body } = answerResource({ ...request, headers: {} }, type, id, row);
  return answer(service, JSON.parse(body.toString()) as Json, query.get('profile'));
};

/** It costs more than a search, so the public directory and formulary have it with a token only. */
function requireToken(access: { readonly kind: string }): void {
  if (access.kind === 'public')
    throw new FhirError('missing-token', 'Send the access token as "Authorization: Bearer …".');
}

async function answer(service: FhirService, resource: Json, profile: string | null): Promise<FhirAnswer> {
  if (JSON.stringify(resource).length > charactersAtMost)
    throw new FhirError(
      'too-large',
      `resource: has more than ${charactersAtMost} characters, and is not checked.`,
    );
  const validator = await service.openValidator();
  if (profile !== null && validator.library.find(profile).length === 0)
    throw new FhirError('invalid-parameter', 'profile: this profile is not known here.');
  const outcome = validationOutcome(service.checkStructure, validator, resource, {
    profiles: profile === null ? [] : [profile],
    milliseconds: millisecondsAtMost,
  });
  return { status: 200, body: JSON.stringify(outcome) };
}

interface Asked {
  readonly resource: Json | undefined;
  readonly profile: string | undefined;
  readonly mode: string | undefined;
}

/** @throws {FhirError} for a parameter that the operation does not have */
function fromParameters(body: Json): Asked {
  const given: unknown = body['parameter'] ?? [];
  if (!Array.isArray(given)) throw new FhirError('invalid-parameter', 'parameter: must be an array.');
  const found = new Map<string, Json>();
  for (const one of given) {
    const name = isObject(one) ? one['name'] : undefined;
    if (name !== 'resource' && name !== 'profile' && name !== 'mode')
      throw new FhirError('unknown-parameter', 'The parameters of $validate are resource, mode and profile.');
    if (found.has(name)) throw new FhirError('invalid-parameter', `${name} is given more than once.`);
    found.set(name, one as Json);
  }
  const resource = found.get('resource')?.['resource'];
  if (found.has('resource') && !isObject(resource))
    throw new FhirError('invalid-parameter', 'resource: the parameter has no resource.');
  return {
    resource: isObject(resource) ? resource : undefined,
    profile: textOf(found, 'profile', ['valueUri', 'valueCanonical', 'valueUrl', 'valueString']),
    mode: textOf(found, 'mode', ['valueCode', 'valueString']),
  };
}

function textOf(found: ReadonlyMap<string, Json>, name: string, keys: readonly string[]): string | undefined {
  const parameter = found.get(name);
  if (parameter === undefined) return undefined;
  const value = keys.map((key) => parameter[key]).find((one) => one !== undefined);
  if (typeof value !== 'string' || value === '')
    throw new FhirError('invalid-parameter', `${name}: must have ${keys[0]}.`);
  return value;
}

function requireMode(mode: string | null): void {
  if (mode !== null && !modes.includes(mode))
    throw new FhirError('invalid-parameter', `mode: is none of ${modes.join(', ')}.`);
}
