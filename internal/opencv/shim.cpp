#include "shim.h"

#include <cstdio>
#include <opencv2/core.hpp>
#include <opencv2/video/tracking.hpp>

int tsr_flow(float *flow, const unsigned char *a, const unsigned char *b, int h, int w, char *why, int size) {
	try {
		const cv::Mat from(h, w, CV_8UC1, const_cast<unsigned char *>(a)), to(h, w, CV_8UC1, const_cast<unsigned char *>(b));
		cv::Mat out(h, w, CV_32FC2, flow);
		cv::DISOpticalFlow::create(cv::DISOpticalFlow::PRESET_MEDIUM)->calc(from, to, out);
		if (out.data != reinterpret_cast<unsigned char *>(flow)) {
			out.copyTo(cv::Mat(h, w, CV_32FC2, flow));
		}
		return 0;
	} catch (const std::exception &e) {
		std::snprintf(why, size, "%s", e.what());
		return 1;
	}
}
