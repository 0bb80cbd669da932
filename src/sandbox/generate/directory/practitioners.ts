// The people who treat, of either line: name, specialty, and the organization that employs them.
import type { Coding } from '../building.ts';
import { taxonomy } from './plan-net.ts';

export const practitioners = [
  ['Chen', 'Amy', 'female', taxonomy('207Q00000X', 'Family Medicine Physician'), 'clinic-1'],
  ['Osei', 'Kwame', 'male', taxonomy('208D00000X', 'General Practice Physician'), 'clinic-1'],
  ['Larsen', 'Ingrid', 'female', taxonomy('207R00000X', 'Internal Medicine Physician'), 'clinic-3'],
  ['Patel', 'Ravi', 'male', taxonomy('207RC0000X', 'Cardiovascular Disease Physician'), 'hospital-1'],
  [
    'Moreno',
    'Isabel',
    'female',
    taxonomy('207RE0101X', 'Endocrinology, Diabetes & Metabolism Physician'),
    'clinic-2',
  ],
  ['Nguyen', 'Thanh', 'male', taxonomy('122300000X', 'Dentist'), 'dental-1'],
  ['Abrams', 'Leah', 'female', taxonomy('2084P0800X', 'Psychiatry Physician'), 'clinic-2'],
  ['Whitaker', 'Paul', 'male', taxonomy('2085R0202X', 'Diagnostic Radiology Physician'), 'hospital-1'],
  ['Whitlock', 'Dana', 'female', taxonomy('183500000X', 'Pharmacist'), 'pharmacy-1'],
] as const;

/** @param reference `Practitioner/line-prac-number` */
export function specialtyOf(reference: string): Coding {
  const number = Number(/-prac-(\d+)$/.exec(reference)?.[1]);
  return practitioners[number - 1]![3];
}
