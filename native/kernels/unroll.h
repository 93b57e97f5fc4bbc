#pragma once
// KAIRANK_UNROLL before a short loop of fixed length over an array of accumulators: unrolled early, the array becomes
// registers; left to itself GCC unrolls after it has placed the array in memory, and stores every sum at every step.
// KAIRANK_UNROLL_4 before a long loop whose own counting costs.

#if defined(__clang__)
#define KAIRANK_UNROLL _Pragma("clang loop unroll(full)")
#define KAIRANK_UNROLL_4 _Pragma("clang loop unroll_count(4)")
#elif defined(__GNUC__)
#define KAIRANK_UNROLL _Pragma("GCC unroll 32")
#define KAIRANK_UNROLL_4 _Pragma("GCC unroll 4")
#else
#define KAIRANK_UNROLL
#define KAIRANK_UNROLL_4
#endif
