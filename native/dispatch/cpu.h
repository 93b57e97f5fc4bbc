#pragma once
// Asks the CPU and the operating system what can be used. Every question is asked once.

#include <cstdint>
#include <string>

namespace kairank {

/// Bits of `feature::`, set when the CPU has the feature and the system saves its registers. The AMX bits are set
/// only when Linux permitted this process to use tiles.
uint32_t cpuFeatures();

/// The CPU's own name; "unknown" where it has none.
const std::string& cpuBrand();

}  // namespace kairank
