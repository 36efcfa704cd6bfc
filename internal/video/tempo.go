package video

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// retimed reports whether the output has another speed than its source.
func (f Format) retimed() bool { return !f.Speed.Zero() && f.Speed != Rate{1, 1} }

// retime returns how a track goes into a file of another speed: sound is filtered, so it has to be coded anew, and what
// stands at times of the source is left out.
func (t Track) retime(container, codec, note string) (string, string) {
	switch {
	case t.Kind == "subtitle":
		return "", "does not fit another speed: left out"
	case t.Kind != "audio" || codec != "copy":
		return codec, note
	case container == "matroska":
		return "flac", ""
	case container == "webm":
		return "libopus", ""
	}
	return "aac", ""
}

// tempo is ffmpeg's filter for sound of another speed and the same pitch. One atempo below 1/2 is not possible, and one
// above 2 leaves samples out: there are as many as needed, all alike. asetpts moves the beginning, which
// atempo keeps; pauses in the times, which it does not, become silence first.
func (f Format) tempo() string {
	speed := f.Speed.Float()
	n := int(max(math.Ceil(math.Abs(math.Log2(speed))-1e-9), 1))
	each := strconv.FormatFloat(math.Pow(speed, 1/float64(n)), 'g', 17, 64)
	return "aresample=async=1,asetpts=PTS*" + strconv.FormatInt(f.Speed.Den, 10) + "/" + strconv.FormatInt(f.Speed.Num, 10) +
		strings.Repeat(",atempo="+each, n)
}

// Rat returns r as a big.Rat, 0 for the zero Rate.
func (r Rate) Rat() *big.Rat {
	if r.Zero() {
		return new(big.Rat)
	}
	return big.NewRat(r.Num, r.Den)
}
