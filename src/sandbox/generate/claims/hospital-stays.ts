// What a hospital bills for a stay: the MS-DRG, the procedure (ICD-10-PCS) and the ward, by the diagnosis it was for.
import { type Coding, coding } from '../building.ts';

export interface HospitalStay {
  readonly drg: Coding;
  readonly procedure: Coding;
  readonly ward: Coding;
}

const drg = (code: string, display: string) =>
  coding(
    'https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/AcuteInpatientPPS/MS-DRG-Classifications-and-Software',
    code,
    display,
  );
const pcs = (code: string, display: string) =>
  coding('http://www.cms.gov/Medicare/Coding/ICD10', code, display);
const ward = (code: string, display: string) =>
  coding('https://www.nubc.org/CodeSystem/RevenueCodes', code, display);

const general = ward('0120', 'Room and board, semi-private');
const catheter = pcs(
  '4A023N7',
  'Measurement of Cardiac Sampling and Pressure, Left Heart, Percutaneous Approach',
);

/** By ICD-10-CM code of the diagnosis. */
const stays: Readonly<Record<string, HospitalStay>> = {
  'I50.9': { drg: drg('291', 'Heart failure and shock with MCC'), procedure: catheter, ward: general },
  I10: { drg: drg('305', 'Hypertension without MCC'), procedure: catheter, ward: general },
  'E11.9': {
    drg: drg('639', 'Diabetes without CC/MCC'),
    procedure: pcs('3E033VG', 'Introduction of Insulin into Peripheral Vein, Percutaneous Approach'),
    ward: general,
  },
  'Z34.90': {
    drg: drg('807', 'Vaginal delivery without sterilization or D&C without CC/MCC'),
    procedure: pcs('10E0XZZ', 'Delivery of Products of Conception, External Approach'),
    ward: ward('0122', 'Room and board, semi-private, obstetrics'),
  },
  'M19.90': {
    drg: drg('470', 'Major hip and knee joint replacement or reattachment of lower extremity without MCC'),
    procedure: pcs(
      '0SRC0J9',
      'Replacement of Right Knee Joint with Synthetic Substitute, Cemented, Open Approach',
    ),
    ward: ward('0121', 'Room and board, semi-private, medical/surgical/gyn'),
  },
};

export const hospitalStayOf = (diagnosis: Coding): HospitalStay =>
  stays[diagnosis.code] ?? {
    drg: drg('313', 'Chest pain'),
    procedure: catheter,
    ward: general,
  };
