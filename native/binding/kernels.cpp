#include "kernels.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "../dispatch/dispatch.h"
#include "../include/limits.h"
#include "../kernels/topk/topk.h"
#include "errors.h"
#include "typed.h"

namespace kairank {
namespace {

/// The table of the target that the caller named; null means the active one.
const KernelTable& tableOf(const Napi::Value& value) {
  if (value.IsNull() || value.IsUndefined()) return kernels();
  if (value.IsString()) {
    const std::string name = value.As<Napi::String>().Utf8Value();
    for (const Target target : availableTargets()) {
      if (name == targetName(target)) return kernelsOf(target);
    }
  }
  refuse("target", "null or the name of a target that this CPU can run");
}

std::string textOf(const Napi::Value& value) {
  return value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
}

/// Rows of an n x dim matrix.
size_t rowsOf(size_t elements, size_t dim, const std::string& name) {
  if (elements % dim != 0) refuse(name, "whole rows of " + std::to_string(dim) + " elements");
  if (elements / dim > kMaxRows) refuse(name, "at most " + std::to_string(kMaxRows) + " rows");
  return elements / dim;
}

template <typename In, typename Out, typename Kernel>
void dotOf(const Napi::CallbackInfo& info, Kernel kernel) {
  const Span<In> query = spanOf<In>(info[2], "query");
  const Span<In> rows = spanOf<In>(info[3], "rows");
  const size_t dim = query.size;
  if (dim == 0 || dim > kMaxDim) refuse("query", "of 1 to " + std::to_string(kMaxDim) + " elements");
  const size_t count = rowsOf(rows.size, dim, "rows");
  const Span<Out> out = spanOf<Out>(info[4], "out", count);
  kernel(query.data, rows.data, dim, count, dim, out.data);
}

Napi::Value dot(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    const KernelTable& table = tableOf(info[0]);
    const std::string type = textOf(info[1]);
    if (type == "f32") {
      dotOf<float, float>(info, table.dotF32);
    } else if (type == "bf16") {
      dotOf<uint16_t, float>(info, table.dotBf16);
    } else if (type == "i8") {
      dotOf<int8_t, int32_t>(info, table.dotI8);
    } else {
      refuse("type", "'f32', 'bf16' or 'i8'");
    }
    return info.Env().Undefined();
  });
}

template <typename In, typename Out, typename Kernel>
void batchOf(const Napi::CallbackInfo& info, Kernel kernel) {
  const size_t dim = wholeOf(info[2], "dim", 1, kMaxDim);
  const Span<In> queries = spanOf<In>(info[3], "queries");
  const Span<In> rows = spanOf<In>(info[4], "rows");
  const size_t m = rowsOf(queries.size, dim, "queries");
  const size_t n = rowsOf(rows.size, dim, "rows");
  const Span<Out> out = spanOf<Out>(info[5], "out", product(m, n, "queries x rows"));
  kernel(queries.data, dim, m, rows.data, dim, n, dim, out.data, n);
}

Napi::Value batch(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    const KernelTable& table = tableOf(info[0]);
    const std::string type = textOf(info[1]);
    if (type == "f32") {
      batchOf<float, float>(info, table.batchF32);
    } else if (type == "bf16") {
      batchOf<uint16_t, float>(info, table.batchBf16);
    } else if (type == "i8") {
      batchOf<int8_t, int32_t>(info, table.batchI8);
    } else {
      refuse("type", "'f32', 'bf16' or 'i8'");
    }
    return info.Env().Undefined();
  });
}

/// C = A B of dense row-major matrices.
Napi::Value gemm(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    const KernelTable& table = tableOf(info[0]);
    const std::string type = textOf(info[1]);
    const size_t m = wholeOf(info[2], "m", 1, kMaxRows);
    const size_t n = wholeOf(info[3], "n", 1, kMaxRows);
    const size_t k = wholeOf(info[4], "k", 1, kMaxRows);
    const Span<float> a = spanOf<float>(info[5], "a", product(m, k, "a"));
    const Span<float> b = spanOf<float>(info[6], "b", product(k, n, "b"));
    const Span<float> c = spanOf<float>(info[7], "c", product(m, n, "c"));
    const GemmTask task{a.data, k, false, b.data, n, false, c.data, n, m, n, k, false};
    if (type == "f32") {
      table.gemmF32(task);
    } else if (type == "bf16") {
      table.gemmBf16(task);
    } else {
      refuse("type", "'f32' or 'bf16'");
    }
    return info.Env().Undefined();
  });
}

Napi::Value topk(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const KernelTable& table = tableOf(info[0]);
    const Span<float> scores = spanOf<float>(info[1], "scores");
    const size_t k = wholeOf(info[2], "k", 0, kMaxK);
    if (scores.size > kMaxRows) refuse("scores", "of at most " + std::to_string(kMaxRows) + " elements");
    Napi::Uint32Array out = Napi::Uint32Array::New(info.Env(), std::min(k, scores.size));
    selectTop(table, scores.data, scores.size, k, out.Data(), nullptr);
    return out;
  });
}

Napi::Value toBf16(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const KernelTable& table = tableOf(info[0]);
    const Span<float> input = spanOf<float>(info[1], "input");
    Napi::Uint16Array out = Napi::Uint16Array::New(info.Env(), input.size);
    table.toBf16(input.data, out.Data(), input.size);
    return out;
  });
}

Napi::Value fromBf16(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const KernelTable& table = tableOf(info[0]);
    const Span<uint16_t> input = spanOf<uint16_t>(info[1], "input");
    Napi::Float32Array out = Napi::Float32Array::New(info.Env(), input.size);
    table.fromBf16(input.data, out.Data(), input.size);
    return out;
  });
}

Napi::Value toI8(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&]() -> Napi::Value {
    const KernelTable& table = tableOf(info[0]);
    const Span<float> input = spanOf<float>(info[1], "input");
    Napi::Int8Array values = Napi::Int8Array::New(info.Env(), input.size);
    const float scale = table.toI8(input.data, values.Data(), input.size);
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("values", values);
    result.Set("scale", scale);
    return result;
  });
}

/// A task from its parts, all of them taken before (see typed.h): shapes follow from the lengths and must agree.
struct AttentionParts {
  Napi::Value type, queries, keys, values, dim, valueDim, heads, scale, bias, out, weights;

  explicit AttentionParts(const Napi::Object& from)
      : type(from.Get("type")),
        queries(from.Get("queries")),
        keys(from.Get("keys")),
        values(from.Get("values")),
        dim(from.Get("dim")),
        valueDim(from.Get("valueDim")),
        heads(from.Get("heads")),
        scale(from.Get("scale")),
        bias(from.Get("bias")),
        out(from.Get("out")),
        weights(from.Get("weights")) {}
};

bool isAbsent(const Napi::Value& value) { return value.IsNull() || value.IsUndefined(); }

AttentionTask attentionTaskOf(const AttentionParts& parts) {
  AttentionTask task{};
  task.dim = wholeOf(parts.dim, "task.dim", 1, kMaxDim);
  task.valueDim = wholeOf(parts.valueDim, "task.valueDim", 1, kMaxDim);
  task.heads = wholeOf(parts.heads, "task.heads", 1, kMaxHeads);
  if (task.dim % task.heads != 0) refuse("task.dim", "a multiple of task.heads");
  if (task.valueDim % task.heads != 0) refuse("task.valueDim", "a multiple of task.heads");
  if (!parts.scale.IsNumber()) refuse("task.scale", "a number");
  task.scale = parts.scale.As<Napi::Number>().FloatValue();
  if (!std::isfinite(task.scale)) refuse("task.scale", "a finite f32");

  const Span<float> queries = spanOf<float>(parts.queries, "task.queries");
  const Span<float> keys = spanOf<float>(parts.keys, "task.keys");
  task.candidates = rowsOf(queries.size, task.dim, "task.queries");
  task.events = rowsOf(keys.size, task.dim, "task.keys");
  task.queries = queries.data;
  task.keys = keys.data;
  task.queryStride = task.keyStride = task.dim;

  const size_t perCandidate = product(task.heads, task.events, "task.heads x events");
  task.values = spanOf<float>(parts.values, "task.values", product(task.events, task.valueDim, "task.values")).data;
  task.out = spanOf<float>(parts.out, "task.out", product(task.candidates, task.valueDim, "task.out")).data;
  task.valueStride = task.outStride = task.valueDim;
  if (!isAbsent(parts.bias)) task.bias = spanOf<float>(parts.bias, "task.bias", perCandidate).data;
  if (!isAbsent(parts.weights)) {
    const size_t size = product(task.candidates, perCandidate, "task.weights");
    task.weights = spanOf<float>(parts.weights, "task.weights", size).data;
  }
  return task;
}

Napi::Value attention(const Napi::CallbackInfo& info) {
  return guard(info.Env(), [&] {
    const KernelTable& table = tableOf(info[0]);
    if (!info[1].IsObject()) refuse("task", "an object");
    const AttentionParts parts(info[1].As<Napi::Object>());
    const AttentionTask task = attentionTaskOf(parts);
    const std::string type = textOf(parts.type);
    if (type == "f32") {
      table.attentionF32(task);
    } else if (type == "bf16") {
      table.attentionBf16(task);
    } else {
      refuse("task.type", "'f32' or 'bf16'");
    }
    return info.Env().Undefined();
  });
}

Napi::Array namesOf(Napi::Env env, const std::vector<Target>& targets) {
  Napi::Array names = Napi::Array::New(env, targets.size());
  for (uint32_t i = 0; i < targets.size(); ++i) names.Set(i, Napi::String::New(env, targetName(targets[i])));
  return names;
}

}  // namespace

Napi::Object makeKernels(Napi::Env env) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("dot", Napi::Function::New(env, dot, "dot"));
  object.Set("batch", Napi::Function::New(env, batch, "batch"));
  object.Set("gemm", Napi::Function::New(env, gemm, "gemm"));
  object.Set("topk", Napi::Function::New(env, topk, "topk"));
  object.Set("toBf16", Napi::Function::New(env, toBf16, "toBf16"));
  object.Set("fromBf16", Napi::Function::New(env, fromBf16, "fromBf16"));
  object.Set("toI8", Napi::Function::New(env, toI8, "toI8"));
  object.Set("attention", Napi::Function::New(env, attention, "attention"));
  return object;
}

Napi::Value dispatchInfo(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return guard(env, [&]() -> Napi::Value {
    Napi::Object result = Napi::Object::New(env);
    result.Set("active", targetName(activeTarget()));
    result.Set("available", namesOf(env, availableTargets()));
    result.Set("compiled", namesOf(env, compiledTargets()));
    result.Set("requested", requestedTarget());
    result.Set("cpu", cpuName());
    return result;
  });
}

}  // namespace kairank
