package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// column is a column of a table whose rows are films.
type column struct {
	name   string
	digits int
	signed bool
	of     func(Film) []float64 // the value for each seed; none if it was not measured
}

// table is films against columns, in Markdown.
type table struct {
	films   []Film
	columns []column
	best    []int           // columns among which the largest value of a row is set in bold
	counts  func(Film) bool // whether a film is in the mean; nil leaves the mean out
}

// String returns the table. A cell is the mean over the seeds, with half of their range if there are several.
func (t table) String() string {
	head := []string{"clip"}
	for _, c := range t.columns {
		head = append(head, c.name)
	}
	rows := [][]string{head}
	sums, n := make([]float64, len(t.columns)), 0
	for _, f := range t.films {
		row, means, complete := []string{f.Clip}, make([]float64, len(t.columns)), true
		for i, c := range t.columns {
			values := c.of(f)
			means[i] = mean(values)
			complete = complete && len(values) > 0
			row = append(row, c.cell(values))
		}
		t.embolden(row, means)
		rows = append(rows, row)
		if t.counts != nil && complete && t.counts(f) {
			n++
			for i, m := range means {
				sums[i] += m
			}
		}
	}
	if n > 1 {
		row := []string{fmt.Sprintf("mean of %d", n)}
		for i, c := range t.columns {
			sums[i] /= float64(n)
			row = append(row, c.cell(sums[i:i+1]))
		}
		t.embolden(row, sums)
		rows = append(rows, row)
	}
	return markdown(rows, 1)
}

// embolden marks the best values of a row, also those that look equal to the best. The row's first cell is its name.
func (t table) embolden(row []string, means []float64) {
	top := math.Inf(-1)
	for _, i := range t.best {
		if means[i] > top {
			top = means[i]
		}
	}
	for _, i := range t.best {
		if c := t.columns[i]; c.number(means[i]) == c.number(top) {
			row[i+1] = "**" + row[i+1] + "**"
		}
	}
}

func (c column) cell(values []float64) string {
	if len(values) == 0 {
		return "–"
	}
	s := c.number(mean(values))
	if len(values) > 1 {
		s += fmt.Sprintf(" ±%.*f", c.digits, (slices.Max(values)-slices.Min(values))/2)
	}
	return s
}

// number writes x with the column's digits, and thousands apart.
func (c column) number(x float64) string {
	s := fmt.Sprintf("%.*f", c.digits, math.Abs(x))
	whole, rest, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest != "" {
		whole += "." + rest
	}
	switch {
	case x < 0 && strings.Trim(whole, "0.") != "":
		return "−" + whole
	case c.signed:
		return "+" + whole
	}
	return whole
}

// mean is NaN of nothing.
func mean(x []float64) float64 {
	sum := 0.0
	for _, f := range x {
		sum += f
	}
	return sum / float64(len(x))
}

// markdown writes a table whose first row is its head. Columns from right on hold numbers and are set to the right.
func markdown(rows [][]string, right int) string {
	var b strings.Builder
	for i, row := range rows {
		b.WriteString("|")
		for _, cell := range row {
			b.WriteString(" " + strings.ReplaceAll(cell, "|", `\|`) + " |")
		}
		b.WriteString("\n")
		if i == 0 {
			b.WriteString("|" + strings.Repeat("---|", min(right, len(row))) + strings.Repeat("---:|", max(len(row)-right, 0)) + "\n")
		}
	}
	return b.String()
}
