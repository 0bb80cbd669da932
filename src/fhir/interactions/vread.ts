// vread: one version of one resource (https://hl7.org/fhir/R4/http.html#vread).
import { FhirError } from '../operation-outcome.ts';
import type { BearerInteraction } from '../pipeline.ts';
import { subsetOf } from '../search/parse-subset.ts';
import { compileVread } from '../store/compile-read.ts';
import { answerRead, instanceOf } from './read.ts';
import { requireKnownParams } from './require-known-params.ts';
import { requireServedType } from './require-served-type.ts';

export const vread: BearerInteraction = async (service, request, access) => {
  const { type, id } = instanceOf(request);
  requireServedType(service.definitions, type);
  const params = requireKnownParams(request.query, ['_summary', '_elements']);
  const subset = subsetOf(service.definitions.structure, type, params);
  const version = request.params['version']!;
  if (!/^[1-9]\d{0,8}$/.test(version))
    throw new FhirError('not-found', `${type} has no version '${version.slice(0, 40)}'.`);
  const row = await service.store.one(
    await compileVread(service.store.search, type, id, Number(version), access),
  );
  return answerRead(service, request, { type, id, row, subset });
};
