// A model given on the command line, to be studied itself or by a sample of it.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <kmscape/core/random.hpp>
#include <kmscape/model/gaussian_mixture.hpp>
#include <kmscape/model/stochastic_ball.hpp>

#include "common/arguments.hpp"
#include "common/csv.hpp"
#include "common/errors.hpp"

namespace examples {

using PlantedModel = std::variant<kmscape::StochasticBallModel<double>, kmscape::GaussianMixtureModel<double>>;

/// `options` and those of the model after them; `instead` says what the model stands for.
inline std::vector<Option> with_model_options(std::vector<Option> options, const std::string& instead,
                                              const std::string& n) {
  options.insert(options.end(), {{"model", "ball|gmm", instead},
                                 {"centers", "FILE", "true centers of the model, one a line"},
                                 {"radius", "R", "radius of the balls"},
                                 {"sigma", "S", "standard deviation of the Gaussians"},
                                 {"n", "N", n},
                                 {"balanced", "", "sample exactly n/k points from each component"}});
  return options;
}

/// Whether a model is given and not a file of points; one of them must be, and no option of the other kind. Throws
/// `input_error`.
inline bool is_planted(const Arguments& arguments) {
  const bool planted = arguments.has("model");
  if (planted != arguments.positional().empty() || arguments.positional().size() > 1)
    throw input_error("give one file of points, or --model; see --help");
  for (const auto* name : {"centers", "radius", "sigma", "n", "balanced"})
    if (!planted && arguments.has(name)) throw input_error(std::string("--") + name + " needs --model; see --help");
  if (planted && arguments.has("truth")) throw input_error("--truth is for files: a model knows its truth");
  if (!planted && !arguments.has("k")) throw input_error("--k is missing: how many centers? see --help");
  return planted;
}

/// The model with its file of centers read. Throws `input_error`.
inline PlantedModel read_model(const Arguments& arguments) {
  const bool is_ball = arguments.choice("model", {"ball", "gmm"}) == 0;
  const std::string size = is_ball ? "radius" : "sigma";
  for (const auto& name : {std::string("centers"), size})
    if (!arguments.has(name))
      throw input_error("--model " + arguments.text("model") + " needs --" + name + "; see --help");
  const double value = arguments.positive(size);
  const auto centers = read_table(arguments.text("centers")).points;
  if (is_ball) return kmscape::StochasticBallModel<double>(centers, value);
  return kmscape::GaussianMixtureModel<double>(centers, value);
}

/// The --n points with the components that they come from as labels. Throws `input_error`.
inline Table sample_of(const PlantedModel& planted, const Arguments& arguments) {
  if (!arguments.has("n")) throw input_error("--model " + arguments.text("model") + " needs --n; see --help");
  const auto n = arguments.integer("n", 0, 1);
  const kmscape::Seed seed(static_cast<std::uint64_t>(arguments.integer("seed", 1, 0)));
  return std::visit(
      [&](const auto& model) {
        auto drawn = arguments.has("balanced") ? model.sample_balanced(n, seed) : model.sample(n, seed);
        Table table;
        table.points = std::move(drawn.points);
        table.labels = std::move(drawn.labels);
        for (kmscape::Index s = 0; s < model.components(); ++s) table.label_names.push_back(std::to_string(s));
        return table;
      },
      planted);
}

}  // namespace examples
