// SPDX-License-Identifier: Apache-2.0
#include "controller/admission/katib_algorithms.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace hone {
namespace {

SettingSpec Int(std::string name, double least) {
  return IntSetting(std::move(name), std::nullopt, {.min = least}, "");
}

SettingSpec Real(std::string name, const Limits& limits) {
  return RealSetting(std::move(name), std::nullopt, limits, "");
}

SettingSpec Text(std::string name) {
  SettingSpec setting;
  setting.name = std::move(name);
  return setting;
}

constexpr Limits kNotNegative{.min = 0};
constexpr Limits kRate{.min = 0, .max = 1, .open_min = true};

std::vector<KatibAlgorithm> MakeSearch() {
  return {
      {"enas",
       {Int("controller_hidden_size", 1), Text("controller_temperature"),
        Text("controller_tanh_const"), Text("controller_entropy_weight"),
        Text("controller_skip_weight"), Real("controller_baseline_decay", kRate),
        Real("controller_learning_rate", kRate), Real("controller_skip_target", kRate),
        Int("controller_train_steps", 1), Int("controller_log_every_steps", 1)}},
      {"darts",
       {Int("num_epochs", 1), Real("w_lr", kNotNegative), Real("w_lr_min", kNotNegative),
        Real("alpha_lr", kNotNegative), Real("w_momentum", kNotNegative),
        Real("w_weight_decay", kNotNegative), Real("w_grad_clip", kNotNegative),
        Real("alpha_weight_decay", kNotNegative), Text("batch_size"), Int("num_workers", 0),
        Int("init_channels", 1), Int("print_step", 1), Int("num_nodes", 1),
        Int("stem_multiplier", 1)},
       true},
  };
}

const std::vector<KatibAlgorithm>& Search() {
  static const std::vector<KatibAlgorithm> all = MakeSearch();
  return all;
}

const KatibAlgorithm* FindIn(const std::vector<KatibAlgorithm>& all, std::string_view name) {
  const auto found = std::ranges::find(all, name, &KatibAlgorithm::name);
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

const KatibAlgorithm* FindKatibSearch(std::string_view name) {
  return FindIn(Search(), name);
}

}  // namespace hone
