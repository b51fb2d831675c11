import type { Brand } from "./brand.js";

/** An active ISO 4217 currency code with a minor unit. */
export type CurrencyCode = Brand<string, "CurrencyCode">;

// ISO 4217, list one, by number of decimals of the minor unit. Codes without a minor unit (gold, testing) are left out:
// nobody pays with them.
const TWO_DECIMALS = `
  AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE
  CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD
  HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK
  MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD
  RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH
  USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG
`;
const NO_DECIMALS = `
  BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF
`;
const THREE_DECIMALS = `BHD IQD JOD KWD LYD OMR TND`;
const FOUR_DECIMALS = `CLF UYW`;

const EXPONENTS: ReadonlyMap<string, number> = new Map([
  ...codes(TWO_DECIMALS, 2),
  ...codes(NO_DECIMALS, 0),
  ...codes(THREE_DECIMALS, 3),
  ...codes(FOUR_DECIMALS, 4),
]);

function codes(list: string, exponent: number): [string, number][] {
  return list
    .trim()
    .split(/\s+/)
    .map((code) => [code, exponent]);
}

/** True if the text is an active ISO 4217 code, in upper case. */
export function isCurrencyCode(text: string): text is CurrencyCode {
  return EXPONENTS.has(text);
}

/** Decimals of the currency's minor unit: 2 for EUR, 0 for JPY, 3 for KWD. */
export function exponentOf(currency: CurrencyCode): number {
  const exponent = EXPONENTS.get(currency);
  if (exponent === undefined) throw new RangeError(`${currency} is no currency code`);
  return exponent;
}
