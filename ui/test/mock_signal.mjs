// SPDX-License-Identifier: Apache-2.0
// Plausible values for mock_server.mjs: a 230/400 V feeder with harmonics, a wandering load and dips.

export const NOMINAL = 230;
const RATE = 12800;
const FREQUENCY = 50;
const PHASES = ['a', 'b', 'c'];
const VOLTAGE = [231.2, 229.4, 232.6];
const CURRENT = [82, 74, 91];
const ANGLE = [0, -120.3, 119.8];
const PHI = [18.2, 21.6, 14.1];
const VOLTAGE_HARMONICS = { 1: 100, 3: 0.6, 5: 2.2, 7: 1.3, 11: 0.6, 13: 0.4, 17: 0.2, 19: 0.15 };
const CURRENT_HARMONICS = { 1: 100, 3: 6, 5: 9, 7: 5, 11: 2.5, 13: 1.6, 17: 0.9, 23: 0.5 };

const wobble = (seconds, n) =>
  Math.sin(seconds / (3.1 + n)) + 0.6 * Math.sin(seconds / (0.7 + n / 5));

/// How deep the voltage is in a dip that comes every 12 s, 0.2 s long, on phase 2.
function dipOf(seconds, phase) {
  const inPeriod = ((seconds % 12) + 12) % 12;
  return phase === 1 && inPeriod >= 5 && inPeriod < 5.2 ? 0.62 : 1;
}

export const iso = (milliseconds) => `${new Date(milliseconds).toISOString().slice(0, -1)}000000Z`;

/// All registers at an instant, by label: [value, unit, help].
export function registersAt(milliseconds, started, spectra = true) {
  const seconds = milliseconds / 1000;
  const all = new Map();
  const put = (label, value, unit, help) => all.set(label, { label, value, unit, help });
  const sum = { p: 0, q: 0, s: 0, v: 0, i: 0 };
  const u = PHASES.map((_, k) => VOLTAGE[k] * (1 + 0.002 * wobble(seconds, k)));
  PHASES.forEach((phase, k) => {
    const i = CURRENT[k] * (1 + 0.02 * wobble(seconds * 0.7, k + 2));
    const s = (u[k] * i) / 1000;
    const p = s * Math.cos((PHI[k] * Math.PI) / 180) * 0.99;
    const q = s * Math.sin((PHI[k] * Math.PI) / 180) * 0.99;
    for (const prefix of ['', 'HS ']) {
      const dip = prefix === '' ? 1 : dipOf(seconds, k);
      put(`${prefix}Vln ${phase}`, u[k] * dip, 'V', `Voltage L${k + 1} to neutral, true rms`);
      put(`${prefix}I ${phase}`, i, 'A', `Current of phase ${k + 1}, true rms`);
      put(`${prefix}kW ${phase}`, p * dip, 'kW', `Active power of phase ${k + 1}`);
      put(`${prefix}kVAR ${phase}`, q, 'kVAR', `Fundamental reactive power of phase ${k + 1}`);
      put(`${prefix}kVA ${phase}`, s, 'kVA', `Apparent power of phase ${k + 1}`);
      put(`${prefix}PF sign ${phase}`, p / s, '1', `True power factor of phase ${k + 1}`);
    }
    put(`V${k + 1} THD`, 2.7 + 0.1 * wobble(seconds, k), '%', `Distortion of V${k + 1}`);
    put(`I${k + 1} THD`, 12.6 + 0.4 * wobble(seconds, k), '%', `Distortion of I${k + 1}`);
    put(`V${k + 1} ang`, k === 0 ? 0 : ANGLE[k], '°', `Angle of the fundamental of V${k + 1}`);
    put(`I${k + 1} ang`, ANGLE[k] - PHI[k], '°', `Angle of the fundamental of I${k + 1}`);
    put(`V${k + 1} fund`, u[k] * 0.9995, 'V', `Fundamental of V${k + 1}, rms`);
    put(`I${k + 1} fund`, i * 0.99, 'A', `Fundamental of I${k + 1}, rms`);
    put(`dPF sign ${phase}`, Math.cos((PHI[k] * Math.PI) / 180), '1', 'Displacement power factor');
    const spectrums = { [`V${k + 1}`]: VOLTAGE_HARMONICS, [`I${k + 1}`]: CURRENT_HARMONICS };
    for (const [input, spectrum] of spectra ? Object.entries(spectrums) : []) {
      const values = Array.from({ length: 127 }, (_, n) =>
        n + 1 > 63
          ? null
          : (spectrum[n + 1] ?? 0.02) * (n === 0 ? 1 : 1 + 0.05 * wobble(seconds, n)),
      );
      put(`${input} HD`, values, '%', `Harmonic subgroups of ${input}`);
    }
    put(`I ${phase} sd`, CURRENT[k] * 0.97, 'A', 'Demand');
    put(`I ${phase} sd pred`, CURRENT[k] * 1.02, 'A', 'Predicted demand');
    put(`I ${phase} sd mx`, CURRENT[k] * 1.2, 'A', 'Peak demand');
    sum.p += p;
    sum.q += q;
    sum.s += s;
    sum.v += u[k] / 3;
    sum.i += i / 3;
  });
  for (const prefix of ['', 'HS ']) {
    const pairs = ['ab', 'bc', 'ca'];
    pairs.forEach((pair, k) =>
      put(
        `${prefix}Vll ${pair}`,
        ((u[k] + u[(k + 1) % 3]) / 2) * Math.sqrt(3),
        'V',
        `Voltage ${pair}`,
      ),
    );
    put(`${prefix}Vln avg`, sum.v, 'V', 'Mean of the line-to-neutral voltages');
    put(`${prefix}Vll avg`, sum.v * Math.sqrt(3), 'V', 'Mean of the line-to-line voltages');
    put(`${prefix}I avg`, sum.i, 'A', 'Mean of the phase currents');
    put(`${prefix}I 4`, 14.2 + wobble(seconds, 3), 'A', 'Current of input I4 (neutral), true rms');
    put(`${prefix}kW tot`, sum.p, 'kW', 'Active power, total');
    put(`${prefix}kVAR tot`, sum.q, 'kVAR', 'Fundamental reactive power, total');
    put(`${prefix}kVA tot`, sum.s, 'kVA', 'Apparent power, total');
    put(`${prefix}PF sign tot`, sum.p / sum.s, '1', 'True power factor, total');
    put(`${prefix}Freq`, FREQUENCY + 0.01 * wobble(seconds, 1), 'Hz', 'Frequency');
  }
  put('Power Frequency', 49.9981, 'Hz', 'Power frequency over 10 s');
  put('V unbal', 0.72, '%', 'Largest deviation of a voltage from the average of the three');
  put('Vunbal u2', 0.41, '%', 'Negative-sequence voltage unbalance U2/U1');
  put('IUnbal u2', 6.3, '%', 'Negative-sequence current unbalance I2/I1');
  put('V4', null, 'V', 'Voltage of input V4');
  const hours = (milliseconds - started) / 3.6e6 + 2300.5;
  for (const [unit, power] of [
    ['kWh', sum.p],
    ['kVARh', sum.q],
    ['kVAh', sum.s],
  ]) {
    put(`${unit} del`, power * hours, unit, 'Energy delivered');
    put(`${unit} rec`, 12.3456, unit, 'Energy received');
    put(`${unit} del-rec`, power * hours - 12.3456, unit, 'Energy, delivered minus received');
    put(`${unit} del+rec`, power * hours + 12.3456, unit, 'Energy, delivered plus received');
    const kilo = unit.slice(0, -1);
    for (const way of ['del', 'rec', 'del-rec']) {
      const size = way === 'rec' ? 0 : power;
      put(`${kilo} sd ${way}`, size * 0.96, kilo, 'Demand of the latest interval');
      put(`${kilo} sd pred ${way}`, size * 1.03, kilo, 'Predicted demand');
      put(`${kilo} sd mx ${way}`, size * 1.31, kilo, 'Peak demand');
    }
  }
  put('I avg sd', 80, 'A', 'Demand');
  put('I avg sd pred', 83, 'A', 'Predicted demand');
  put('I avg sd mx', 99, 'A', 'Peak demand');
  return all;
}

/// Samples that end at an instant.
export function waveformAt(milliseconds, length) {
  const count = Math.round(length * RATE);
  const end = Math.floor((milliseconds / 1000) * RATE);
  const channels = {};
  PHASES.forEach((_, k) => {
    for (const [input, spectrum, rms, turn] of [
      [`V${k + 1}`, VOLTAGE_HARMONICS, VOLTAGE[k], ANGLE[k]],
      [`I${k + 1}`, CURRENT_HARMONICS, CURRENT[k], ANGLE[k] - PHI[k]],
    ]) {
      channels[input] = Array.from({ length: count }, (_, n) => {
        const seconds = (end - count + n) / RATE;
        let value = 0;
        for (const [order, percent] of Object.entries(spectrum)) {
          const angle = 2 * Math.PI * FREQUENCY * (seconds % 3600) + (turn * Math.PI) / 180;
          value += (percent / 100) * Math.sin(order * angle + Number(order) - 1);
        }
        const dip = input[0] === 'V' ? dipOf(seconds, k) : 2 - dipOf(seconds, k);
        return Math.fround(value * rms * Math.SQRT2 * dip);
      });
    }
  });
  const start = (end - count) / RATE;
  const half = 0.5 / FREQUENCY;
  const ends = Array.from({ length: Math.floor(length / half) }, (_, n) => start + (n + 1) * half);
  const rms = { time: ends.map((at) => iso(at * 1000)), channels: {} };
  PHASES.forEach((_, k) => {
    const factors = ends.map((at) => dipOf(at - half, k));
    rms.channels[`V${k + 1}`] = factors.map((factor) => VOLTAGE[k] * factor);
    rms.channels[`I${k + 1}`] = factors.map((factor) => CURRENT[k] * (2 - factor));
  });
  return { start: iso(start * 1000), rate_Hz: RATE, channels, rms };
}

/// The dips between two instants as disturbances.
export function disturbancesBetween(from, to) {
  const found = [];
  for (let n = Math.floor(from / 12000); n <= to / 12000; ++n) {
    const start = n * 12000 + 5000;
    if (start >= from && start + 200 <= to) {
      found.push({
        id: n,
        has_waveform: true,
        type: n % 7 === 0 ? 'interruption' : n % 5 === 0 ? 'swell' : 'dip',
        start: iso(start),
        end: iso(start + 60 + (n % 9) * 40),
        duration_s: 0.06 + (n % 9) * 0.04,
        phases: ['V2'],
        ...(n % 5 === 0 && n % 7 !== 0
          ? { maximum_V: NOMINAL * 1.14, maximum_percent: 114 }
          : {
              residual_V: NOMINAL * (n % 7 === 0 ? 0.03 : 0.4 + (n % 6) * 0.08),
              residual_percent: n % 7 === 0 ? 3 : 40 + (n % 6) * 8,
            }),
        worst_phase: 'V2',
        threshold_percent: 90,
        hysteresis_percent: 2,
        reference_V: NOMINAL,
        channel_set: 'L-N',
        per_phase: [],
      });
    }
  }
  return found.reverse();
}
