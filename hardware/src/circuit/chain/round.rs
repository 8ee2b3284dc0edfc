//! The rounding of both converters. aihwkit 1.1.0 rounds ties to even, as found by trying (its manual says nothing).

/// The numbers in units of `res`, rounded to whole ones, ties to even; with uniforms of (0, 1) up or down with the
/// probability that keeps the mean.
#[inline(always)]
pub(super) fn steps(values: &mut [f32], res: f32, dither: Option<&[f32]>) {
    let inverse = 1.0 / res;
    // correctly rounded division without dividing (Markstein, IBM J. Res. Dev. 34(1), 1990, doi:10.1147/rd.341.0111)
    let divided = |v: f32| {
        let near = v * inverse;
        (-near).mul_add(res, v).mul_add(inverse, near)
    };
    match dither {
        None => values.iter_mut().for_each(|v| *v = divided(*v).round_ties_even()),
        Some(dither) => {
            values.iter_mut().zip(dither).for_each(|(v, u)| *v = (divided(*v) + (u - 0.5)).round_ties_even());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_those_of_a_division() {
        for res in [2.0 / 126.0, 2.0 / 510.0, 40.0 / 510.0, 0.2, 0.125, 1.0 / 3.0] {
            let values: Vec<f32> = (-60_000..60_000).map(|i| i as f32 * res / 64.0).collect();
            let mut got = values.clone();
            steps(&mut got, res, None);
            assert!(values.iter().zip(&got).all(|(v, g)| (v / res).round_ties_even() == *g), "{res}");
        }
    }
}
