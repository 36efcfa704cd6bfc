package report

import (
	"fmt"
	"math"
)

// Table compares methods: a row each, a column per measure.
type Table struct {
	Subject string // what the rows are: "method"
	Columns []Column
	Rows    []Row
}

// Column is a measure.
type Column struct {
	Name, Unit string
	Digits     int // after the point
	Best       Better
}

// Better says which values of a column are the good ones.
type Better int

// The directions.
const (
	Neither Better = iota
	Higher
	Lower
)

// Row is a method with its value in each column.
type Row struct {
	Name   string
	Values []float64
	Ours   bool // marked: the row that the report is about
}

// results is a Table in text.
type results struct {
	Subject string
	Columns []Column
	Rows    []line
	Marks   bool // some value is a best one
}

type line struct {
	Name  string
	Ours  bool
	Cells []cell
}

type cell struct {
	Text string
	Best bool
}

// results returns t in text. The best values of a column are all that look equal to it once rounded; a column of one
// value has none.
func (t *Table) results() (*results, error) {
	if t == nil || len(t.Rows) == 0 {
		return nil, nil
	}
	res := &results{Subject: t.Subject, Columns: t.Columns}
	for _, r := range t.Rows {
		if len(r.Values) != len(t.Columns) {
			return nil, fmt.Errorf("report: row %q has %d values for %d columns", r.Name, len(r.Values), len(t.Columns))
		}
		l := line{Name: r.Name, Ours: r.Ours}
		for i, c := range t.Columns {
			l.Cells = append(l.Cells, cell{Text: decimal(r.Values[i], c.Digits)})
		}
		res.Rows = append(res.Rows, l)
	}
	for i := range t.Columns {
		best := t.best(i)
		for j := range res.Rows {
			c := &res.Rows[j].Cells[i]
			c.Best = best != dash && c.Text == best
			res.Marks = res.Marks || c.Best
		}
	}
	return res, nil
}

// best returns the text of column i's best value, a dash if it has none.
func (t *Table) best(i int) string {
	c := t.Columns[i]
	n, best := 0, math.NaN()
	for _, r := range t.Rows {
		x := r.Values[i]
		if !finite(x) {
			continue
		}
		if n++; n == 1 || c.Best == Higher && x > best || c.Best == Lower && x < best {
			best = x
		}
	}
	if n < 2 || c.Best == Neither {
		return dash
	}
	return decimal(best, c.Digits)
}
