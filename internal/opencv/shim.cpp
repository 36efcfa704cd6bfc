#include "shim.h"

#include <cstdio>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/dnn.hpp>
#include <opencv2/video/tracking.hpp>

struct tsr_model {
	cv::dnn::Net net;
	cv::Mat out;
};

namespace {

// Quiet keeps OpenCV's log off the terminal while it lives: what matters of it is in the exception too.
struct Quiet {
	const cv::utils::logging::LogLevel before = cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
	~Quiet() { cv::utils::logging::setLogLevel(before); }
};

// guarded runs f. It returns 0, or 1 with the text of what f threw in why.
template <typename F> int guarded(char *why, int size, F f) {
	try {
		f();
		return 0;
	} catch (const cv::Exception &e) {
		std::snprintf(why, size, "%s", e.err.c_str());
	} catch (const std::exception &e) {
		std::snprintf(why, size, "%s", e.what());
	} catch (...) {
		std::snprintf(why, size, "unknown failure");
	}
	return 1;
}

} // namespace

int tsr_flow(float *flow, const unsigned char *a, const unsigned char *b, int h, int w, int follow, char *why, int size) {
	return guarded(why, size, [&] {
		const cv::Mat from(h, w, CV_8UC1, const_cast<unsigned char *>(a)), to(h, w, CV_8UC1, const_cast<unsigned char *>(b));
		cv::Mat found(h, w, CV_32FC2, flow);
		cv::Mat out; // empty: nothing is tried but what the search finds
		if (follow) {
			found.copyTo(out);
		}
		cv::DISOpticalFlow::create(cv::DISOpticalFlow::PRESET_MEDIUM)->calc(from, to, out);
		out.copyTo(found);
	});
}

tsr_model *tsr_model_open(const unsigned char *file, int length, char *why, int size) {
	tsr_model *m = nullptr;
	const int failed = guarded(why, size, [&] {
		const Quiet quiet;
		m = new tsr_model;
		m->net = cv::dnn::readNetFromONNX(reinterpret_cast<const char *>(file), length);
		if (m->net.empty()) {
			CV_Error(cv::Error::StsError, "the model is empty");
		}
		m->net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
		m->net.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
	});
	if (failed) {
		delete m;
		return nullptr;
	}
	return m;
}

int tsr_model_input(tsr_model *m, const char *name, const float *data, const int *shape, char *why, int size) {
	return guarded(why, size, [&] {
		const Quiet quiet;
		m->net.setInput(cv::Mat(4, shape, CV_32F, const_cast<float *>(data)), name); // which copies
	});
}

int tsr_model_run(tsr_model *m, const float **result, int *length, char *why, int size) {
	return guarded(why, size, [&] {
		const Quiet quiet;
		m->out = m->net.forward();
		if (m->out.type() != CV_32F || !m->out.isContinuous()) {
			CV_Error(cv::Error::StsError, "the output is not of 32-bit floats");
		}
		*result = m->out.ptr<float>();
		*length = static_cast<int>(m->out.total());
	});
}

void tsr_model_close(tsr_model *m) { delete m; }
