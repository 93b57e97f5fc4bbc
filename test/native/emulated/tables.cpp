#include "../kernels/tables.h"

#include "../../../native/dispatch/compose.h"

std::vector<NamedTable> tables() {
  return {{"avx512 (emulated)", kairank::composeTable(kairank::Target::avx512)},
          {"amx (emulated)", kairank::composeTable(kairank::Target::amx)}};
}
