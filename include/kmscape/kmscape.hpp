// Everything. Each header also stands alone; include the ones you use where compile time matters.
#pragma once

#include <kmscape/core/error.hpp>
#include <kmscape/core/parallel.hpp>
#include <kmscape/core/points.hpp>
#include <kmscape/core/progress.hpp>
#include <kmscape/core/random.hpp>
#include <kmscape/core/simd.hpp>
#include <kmscape/core/version.hpp>
#include <kmscape/landscape/association.hpp>
#include <kmscape/landscape/cell_masses.hpp>
#include <kmscape/landscape/certificate.hpp>
#include <kmscape/landscape/stuck_test.hpp>
#include <kmscape/landscape/survey.hpp>
#include <kmscape/model/center_layouts.hpp>
#include <kmscape/model/gaussian_mixture.hpp>
#include <kmscape/model/mixture_model.hpp>
#include <kmscape/model/separation.hpp>
#include <kmscape/model/stochastic_ball.hpp>
#include <kmscape/objective/empirical_objective.hpp>
#include <kmscape/objective/nearest_center.hpp>
#include <kmscape/objective/objective.hpp>
#include <kmscape/solve/lloyd.hpp>
#include <kmscape/solve/seeding.hpp>
