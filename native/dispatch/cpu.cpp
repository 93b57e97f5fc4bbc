#include "cpu.h"

#include <cstring>

#include "targets.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#define KAIRANK_CPU_X86 1
#elif defined(_M_X64)
#include <immintrin.h>
#include <intrin.h>
#define KAIRANK_CPU_X86 1
#endif

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace kairank {
namespace {

#if defined(KAIRANK_CPU_X86)

struct Registers {
  uint32_t a = 0, b = 0, c = 0, d = 0;
};

Registers cpuid(uint32_t leaf, uint32_t subleaf) {
  Registers r;
#if defined(_MSC_VER) && !defined(__clang__)
  int out[4];
  __cpuidex(out, static_cast<int>(leaf), static_cast<int>(subleaf));
  r.a = static_cast<uint32_t>(out[0]);
  r.b = static_cast<uint32_t>(out[1]);
  r.c = static_cast<uint32_t>(out[2]);
  r.d = static_cast<uint32_t>(out[3]);
#else
  __cpuid_count(leaf, subleaf, r.a, r.b, r.c, r.d);
#endif
  return r;
}

/// XCR0: the register states that the operating system saves. Only to be asked when CPUID shows OSXSAVE.
uint64_t savedStates() {
#if defined(_MSC_VER) && !defined(__clang__)
  return _xgetbv(0);
#else
  uint32_t low = 0;
  uint32_t high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<uint64_t>(high) << 32) | low;
#endif
}

/// Linux gives tiles to a process that asks, and may refuse. Other systems are not asked: AMX is not built there.
bool permitTiles() {
#if defined(__linux__) && defined(SYS_arch_prctl)
  constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr int kTileData = 18;               // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

uint32_t detect() {
  const uint32_t leaves = cpuid(0, 0).a;
  const Registers one = cpuid(1, 0);
  const bool saves = (one.c >> 27) & 1;  // OSXSAVE
  if (!saves || leaves < 7) return 0;
  const uint64_t states = savedStates();
  const auto saved = [states](uint64_t mask) { return (states & mask) == mask; };
  const Registers seven = cpuid(7, 0);
  const Registers sevenOne = seven.a >= 1 ? cpuid(7, 1) : Registers{};

  uint32_t found = 0;
  const auto add = [&found](uint32_t word, int bit, uint32_t feature) {
    if ((word >> bit) & 1) found |= feature;
  };
  if (saved(0x6)) {  // SSE and AVX
    add(seven.b, 5, feature::avx2);
    add(one.c, 12, feature::fma);
    add(seven.b, 8, feature::bmi2);
    add(one.c, 29, feature::f16c);
  }
  if (saved(0xE6)) {  // and masks, upper halves, upper registers
    add(seven.b, 16, feature::avx512f);
    add(seven.b, 30, feature::avx512bw);
    add(seven.b, 17, feature::avx512dq);
    add(seven.b, 31, feature::avx512vl);
    add(seven.c, 11, feature::avx512vnni);
    add(sevenOne.a, 5, feature::avx512bf16);
  }
  if (saved(0x60000) && ((seven.d >> 24) & 1) && permitTiles()) {  // tile configuration and tile data
    found |= feature::amxTile;
    add(seven.d, 22, feature::amxBf16);
    add(seven.d, 25, feature::amxInt8);
  }
  return found;
}

std::string readBrand() {
  if (cpuid(0x80000000u, 0).a < 0x80000004u) return {};
  char text[49] = {};
  for (uint32_t i = 0; i < 3; ++i) {
    const Registers r = cpuid(0x80000002u + i, 0);
    std::memcpy(text + 16 * i, &r.a, 4);
    std::memcpy(text + 16 * i + 4, &r.b, 4);
    std::memcpy(text + 16 * i + 8, &r.c, 4);
    std::memcpy(text + 16 * i + 12, &r.d, 4);
  }
  return text;
}

#else

uint32_t detect() {
#if defined(KAIRANK_WITH_NEON)
  return feature::neon;
#else
  return 0;
#endif
}

std::string readBrand() {
#if defined(__linux__)
  std::ifstream info("/proc/cpuinfo");
  std::string implementer;
  for (std::string line; std::getline(info, line);) {
    const size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    if (line.rfind("model name", 0) == 0) return line.substr(colon + 2);
    if (line.rfind("CPU implementer", 0) == 0) implementer = "ARM implementer " + line.substr(colon + 2);
    if (line.rfind("CPU part", 0) == 0) return implementer + " part " + line.substr(colon + 2);
  }
  return implementer;
#elif defined(__APPLE__)
  char text[128] = {};
  size_t size = sizeof text - 1;
  return sysctlbyname("machdep.cpu.brand_string", text, &size, nullptr, 0) == 0 ? std::string(text) : std::string();
#else
  return {};
#endif
}

#endif

std::string trimmedBrand() {
  const std::string text = readBrand();
  const size_t first = text.find_first_not_of(' ');
  if (first == std::string::npos) return "unknown";
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

}  // namespace

uint32_t cpuFeatures() {
  static const uint32_t features = detect();
  return features;
}

const std::string& cpuBrand() {
  static const std::string& brand = *new std::string(trimmedBrand());
  return brand;
}

}  // namespace kairank
