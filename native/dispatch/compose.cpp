#include "compose.h"

#include "../kernels/attention/attention.h"
#include "../kernels/axpy/axpy.h"
#include "../kernels/dot/dot.h"
#include "../kernels/gather/gather.h"
#include "../kernels/gemm/gemm.h"
#include "../kernels/gram/gram.h"
#include "../kernels/l2/l2.h"
#include "../kernels/quantise/quantise.h"
#include "../kernels/softmax/softmax.h"
#include "../kernels/topk/scan.h"
#include "targets.h"

namespace kairank {
namespace {

void setScalar(KernelTable& table) {
  table.dotF32 = dotF32Scalar;
  table.dotBf16 = dotBf16Scalar;
  table.dotI8 = dotI8Scalar;
  table.batchF32 = batchF32Scalar;
  table.batchBf16 = batchBf16Scalar;
  table.batchI8 = batchI8Scalar;
  table.gatherI4 = gatherI4Scalar;
  table.gatherI8 = gatherI8Scalar;
  table.l2F32 = l2F32Scalar;
  table.scanAbove = scanAboveScalar;
  table.toBf16 = toBf16Scalar;
  table.fromBf16 = fromBf16Scalar;
  table.toI8 = toI8Scalar;
  table.attentionF32 = attentionF32Scalar;
  table.attentionBf16 = attentionBf16Scalar;
  table.gramF32 = gramF32Scalar;
  table.axpyF32 = axpyF32Scalar;
  table.gemmF32 = gemmF32Scalar;
  table.gemmBf16 = gemmF32Scalar;
  table.softmaxF32 = softmaxF32Scalar;
}

#if defined(KAIRANK_WITH_NEON)
void setNeon(KernelTable& table) {
  table.dotF32 = dotF32Neon;
  table.dotBf16 = dotBf16Neon;
  table.dotI8 = dotI8Neon;
  table.batchF32 = batchF32Neon;
  table.batchBf16 = batchBf16Neon;
  table.batchI8 = batchI8Neon;
  table.gatherI4 = gatherI4Neon;
  table.gatherI8 = gatherI8Neon;
  table.l2F32 = l2F32Neon;
  table.scanAbove = scanAboveNeon;
  table.toBf16 = toBf16Neon;
  table.fromBf16 = fromBf16Neon;
  table.toI8 = toI8Neon;
  table.gramF32 = gramF32Neon;
  table.axpyF32 = axpyF32Neon;
  table.gemmF32 = gemmF32Neon;
  table.gemmBf16 = gemmF32Neon;
  table.softmaxF32 = softmaxF32Neon;
  table.attentionF32 = attentionF32Neon;
  table.attentionBf16 = attentionF32Neon;
}
#endif

#if defined(KAIRANK_WITH_AVX2)
void setAvx2(KernelTable& table) {
  table.dotF32 = dotF32Avx2;
  table.dotBf16 = dotBf16Avx2;
  table.dotI8 = dotI8Avx2;
  table.batchF32 = batchF32Avx2;
  table.batchBf16 = batchBf16Avx2;
  table.batchI8 = batchI8Avx2;
  table.gatherI4 = gatherI4Avx2;
  table.gatherI8 = gatherI8Avx2;
  table.l2F32 = l2F32Avx2;
  table.scanAbove = scanAboveAvx2;
  table.toBf16 = toBf16Avx2;
  table.fromBf16 = fromBf16Avx2;
  table.toI8 = toI8Avx2;
  table.attentionF32 = attentionF32Avx2;
  table.attentionBf16 = attentionF32Avx2;
  table.gramF32 = gramF32Avx2;
  table.axpyF32 = axpyF32Avx2;
  table.gemmF32 = gemmF32Avx2;
  table.gemmBf16 = gemmF32Avx2;
  table.softmaxF32 = softmaxF32Avx2;
}
#endif

#if defined(KAIRANK_WITH_AVX512)
void setAvx512(KernelTable& table) {
  table.dotF32 = dotF32Avx512;
  table.dotBf16 = dotBf16Avx512;
  table.dotI8 = dotI8Avx512;
  table.batchF32 = batchF32Avx512;
  table.batchBf16 = batchBf16Avx512;
  table.batchI8 = batchI8Avx512;
  table.gatherI4 = gatherI4Avx512;
  table.gatherI8 = gatherI8Avx512;
  table.l2F32 = l2F32Avx512;
  table.scanAbove = scanAboveAvx512;
  table.toBf16 = toBf16Avx512;
  table.fromBf16 = fromBf16Avx512;
  table.toI8 = toI8Avx512;
  table.attentionF32 = attentionF32Avx512;
  table.attentionBf16 = attentionF32Avx512;
  table.gramF32 = gramF32Avx512;
  table.axpyF32 = axpyF32Avx512;
  table.gemmF32 = gemmF32Avx512;
  table.gemmBf16 = gemmF32Avx512;
  table.softmaxF32 = softmaxF32Avx512;
}
#endif

#if defined(KAIRANK_WITH_AMX)
void setAmx(KernelTable& table) {
  table.dotBf16 = dotBf16Amx;
  table.batchBf16 = batchBf16Amx;
  table.batchI8 = batchI8Amx;
  table.attentionBf16 = attentionBf16Amx;
  table.gemmBf16 = gemmBf16Amx;
}
#endif

}  // namespace

bool isCompiled(Target target) {
  switch (target) {
    case Target::scalar: return true;
    case Target::neon:
#if defined(KAIRANK_WITH_NEON)
      return true;
#else
      return false;
#endif
    case Target::avx2:
#if defined(KAIRANK_WITH_AVX2)
      return true;
#else
      return false;
#endif
    case Target::avx512:
#if defined(KAIRANK_WITH_AVX512)
      return true;
#else
      return false;
#endif
    case Target::amx: break;
  }
#if defined(KAIRANK_WITH_AMX)
  return true;
#else
  return false;
#endif
}

KernelTable composeTable(Target target) {
  KernelTable table{};
  setScalar(table);
#if defined(KAIRANK_WITH_NEON)
  if (target == Target::neon) setNeon(table);
#endif
#if defined(KAIRANK_WITH_AVX2)
  if (target >= Target::avx2) setAvx2(table);
#endif
#if defined(KAIRANK_WITH_AVX512)
  if (target >= Target::avx512) setAvx512(table);
#endif
#if defined(KAIRANK_WITH_AMX)
  if (target >= Target::amx) setAmx(table);
#endif
  return table;
}

}  // namespace kairank
