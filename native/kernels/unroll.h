#pragma once
// KAIRANK_UNROLL before a short loop of fixed length over an array of accumulators: unrolled early, the array becomes
// registers; left to itself GCC unrolls after it has placed the array in memory, and stores every sum at every step.

#if defined(__clang__)
#define KAIRANK_UNROLL _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define KAIRANK_UNROLL _Pragma("GCC unroll 32")
#else
#define KAIRANK_UNROLL
#endif
