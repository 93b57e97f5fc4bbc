#pragma once
// The features of every target, in one table: from it come the attribute that compiles a function for the target
// and the bits that the running CPU must have. Code for a target is marked function by function
// (KAIRANK_TARGET_AVX2 static float f()), because clang ignores GCC's target pragma and gyp knows no flags a file.
// A lambda or a std:: template does not inherit the attribute: keep both out of marked functions.

#include <cstdint>

namespace kairank {

/// What cpu.cpp found usable: the CPU has it and the operating system saves its registers.
namespace feature {
constexpr uint32_t neon = 1u << 0;
constexpr uint32_t avx2 = 1u << 1;
constexpr uint32_t fma = 1u << 2;
constexpr uint32_t bmi2 = 1u << 3;
constexpr uint32_t f16c = 1u << 4;
constexpr uint32_t avx512f = 1u << 5;
constexpr uint32_t avx512bw = 1u << 6;
constexpr uint32_t avx512dq = 1u << 7;
constexpr uint32_t avx512vl = 1u << 8;
constexpr uint32_t avx512vnni = 1u << 9;
constexpr uint32_t avx512bf16 = 1u << 10;
constexpr uint32_t amxTile = 1u << 11;
constexpr uint32_t amxBf16 = 1u << 12;
constexpr uint32_t amxInt8 = 1u << 13;
}  // namespace feature

// The table: FIRST(bit, compiler's name) NEXT(bit, compiler's name) ...
#define KAIRANK_FEATURES_NEON(FIRST, NEXT) FIRST(neon, "+simd")
#define KAIRANK_FEATURES_AVX2(FIRST, NEXT) FIRST(avx2, "avx2") NEXT(fma, "fma") NEXT(bmi2, "bmi2") NEXT(f16c, "f16c")
#define KAIRANK_FEATURES_AVX512(FIRST, NEXT) \
  KAIRANK_FEATURES_AVX2(FIRST, NEXT)         \
  NEXT(avx512f, "avx512f")                   \
  NEXT(avx512bw, "avx512bw") NEXT(avx512dq, "avx512dq") NEXT(avx512vl, "avx512vl") NEXT(avx512vnni, "avx512vnni")
#define KAIRANK_FEATURES_AMX(FIRST, NEXT) \
  KAIRANK_FEATURES_AVX512(FIRST, NEXT)    \
  NEXT(avx512bf16, "avx512bf16") NEXT(amxTile, "amx-tile") NEXT(amxBf16, "amx-bf16") NEXT(amxInt8, "amx-int8")

#define KAIRANK_FIRST_BIT(bit, name) feature::bit
#define KAIRANK_NEXT_BIT(bit, name) | feature::bit
#define KAIRANK_FIRST_NAME(bit, name) name
#define KAIRANK_NEXT_NAME(bit, name) "," name

constexpr uint32_t kNeonFeatures = KAIRANK_FEATURES_NEON(KAIRANK_FIRST_BIT, KAIRANK_NEXT_BIT);
constexpr uint32_t kAvx2Features = KAIRANK_FEATURES_AVX2(KAIRANK_FIRST_BIT, KAIRANK_NEXT_BIT);
constexpr uint32_t kAvx512Features = KAIRANK_FEATURES_AVX512(KAIRANK_FIRST_BIT, KAIRANK_NEXT_BIT);
constexpr uint32_t kAmxFeatures = KAIRANK_FEATURES_AMX(KAIRANK_FIRST_BIT, KAIRANK_NEXT_BIT);

}  // namespace kairank

// Which targets this compiler can build. KAIRANK_EMULATE (tests only) builds the AVX-512 and AMX sources over an
// emulation of their instructions, so that they are checked on a CPU that lacks them.
#if defined(KAIRANK_EMULATE)
#define KAIRANK_WITH_AVX512 1
#define KAIRANK_WITH_AMX 1
#elif defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
#define KAIRANK_WITH_AVX2 1
#define KAIRANK_WITH_AVX512 1
// AMX is reached through Linux's permission call and assembler of our own.
#if defined(__linux__) && ((defined(__clang__) && __clang_major__ >= 12) || (!defined(__clang__) && __GNUC__ >= 11))
#define KAIRANK_WITH_AMX 1
#endif
#elif defined(_M_X64) && defined(_MSC_VER)
#define KAIRANK_WITH_AVX2 1
#define KAIRANK_WITH_AVX512 1
#elif defined(__aarch64__) || defined(_M_ARM64)
#define KAIRANK_WITH_NEON 1
#endif

// The attributes. MSVC compiles any intrinsic anywhere, NEON is part of armv8-a, and the emulation is plain code.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(KAIRANK_EMULATE)
#define KAIRANK_TARGET_AVX2 __attribute__((target(KAIRANK_FEATURES_AVX2(KAIRANK_FIRST_NAME, KAIRANK_NEXT_NAME))))
#define KAIRANK_TARGET_AVX512 __attribute__((target(KAIRANK_FEATURES_AVX512(KAIRANK_FIRST_NAME, KAIRANK_NEXT_NAME))))
#define KAIRANK_TARGET_AMX __attribute__((target(KAIRANK_FEATURES_AMX(KAIRANK_FIRST_NAME, KAIRANK_NEXT_NAME))))
#else
#define KAIRANK_TARGET_AVX2
#define KAIRANK_TARGET_AVX512
#define KAIRANK_TARGET_AMX
#endif
#define KAIRANK_TARGET_NEON
