// SPDX-License-Identifier: Apache-2.0
// Bodies of the kernels; included by exactly one source file per machine level. Everything is in
// an unnamed namespace and nothing of the standard library is called, so that no function compiled
// for a newer machine can be linked into the code of an older one.
#pragma once

#include "signal/kernels_filters.hpp"
#include "signal/kernels_sums.hpp"
#include "signal/kernels_transform.hpp"

namespace halfcycle::signal {
namespace {

constexpr Kernels kLevelKernels = {
    .chunk_sums =
        [](const float* frames, std::size_t count, std::size_t lanes, float* out) noexcept {
          lanes == 8 ? chunk_sums<8>(frames, count, out) : chunk_sums<12>(frames, count, out);
        },
    .take_chunk =
        [](const float* frames, std::size_t lanes, float* to, float* out) noexcept {
          lanes == 8 ? take_chunk<8>(frames, to, out) : take_chunk<12>(frames, to, out);
        },
    .weighted_sums =
        [](const float* frames, const float* weights, std::size_t count, std::size_t lanes,
           double* sums) noexcept {
          lanes == 8 ? weighted_sums<8>(frames, weights, count, sums)
                     : weighted_sums<12>(frames, weights, count, sums);
        },
    .add_chunks =
        [](const float* chunks, std::size_t count, std::size_t lanes, double* sums, float* min,
           float* max) noexcept {
          lanes == 8 ? add_chunks<8>(chunks, count, sums, min, max)
                     : add_chunks<12>(chunks, count, sums, min, max);
        },
    .fir =
        [](const float* frames, const float* coefficients, std::size_t taps, std::size_t lanes,
           float* out) noexcept {
          lanes == 8 ? fir<8>(frames, coefficients, taps, out)
                     : fir<12>(frames, coefficients, taps, out);
        },
    .resample =
        [](const ResampleRun& run, std::size_t lanes, float* out) noexcept {
          lanes == 8 ? resample<8>(run, out) : resample<12>(run, out);
        },
    .extremes =
        [](const float* frames, std::size_t count, std::size_t lanes, float* min,
           float* max) noexcept {
          lanes == 8 ? extremes<8>(frames, count, min, max) : extremes<12>(frames, count, min, max);
        },
    .squares =
        [](const float* frames, const float* weights, std::size_t count, std::size_t lanes,
           double* sums) noexcept {
          lanes == 8 ? squares<8, false>(frames, weights, count, sums)
                     : squares<12, false>(frames, weights, count, sums);
        },
    .difference_squares =
        [](const float* frames, const float* weights, std::size_t count, std::size_t lanes,
           double* sums) noexcept {
          lanes == 8 ? squares<8, true>(frames, weights, count, sums)
                     : squares<12, true>(frames, weights, count, sums);
        },
    .turned_phasor =
        [](const TurnedPhasorRun& run, std::size_t lanes, double* re, double* im) noexcept {
          lanes == 8 ? turned_phasor<8>(run, re, im) : turned_phasor<12>(run, re, im);
        },
    .fft_step =
        [](const float* in, float* out, const FftStep& step, std::size_t lanes) noexcept {
          lanes == 8 ? fft_step<8>(in, out, step) : fft_step<12>(in, out, step);
        },
    .add_bin_powers =
        [](const float* bins, std::size_t count, std::size_t lanes, float* sums) noexcept {
          lanes == 8 ? add_bin_powers<8>(bins, count, sums) : add_bin_powers<12>(bins, count, sums);
        },
    .group_bins =
        [](const float* spectrum, std::size_t cycles, std::size_t highest, std::size_t lanes,
           float* out) noexcept {
          lanes == 8 ? group_bins<8>(spectrum, cycles, highest, out)
                     : group_bins<12>(spectrum, cycles, highest, out);
        },
    .fft_separate =
        [](const FftSeparation& run, std::size_t lanes, float* out) noexcept {
          lanes == 8 ? fft_separate<8>(run, out) : fft_separate<12>(run, out);
        },
};

#undef HC_INLINE

}  // namespace
}  // namespace halfcycle::signal
