#pragma once
// Keeps the addon mapped. Node unloads it with the last environment that loaded it, and pool threads still run its
// code then.

namespace kairank {

/// Pins this library for the life of the process; does nothing the second time.
void pinLibrary();

}  // namespace kairank
