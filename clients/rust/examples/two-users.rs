fn main() -> Result<(), imattr::Error> {
    let answer = imattr::Client::new().get_attrs(["Zhang Xiaohong", "abc"])?;
    answer.user_attrs.iter().for_each(|user| println!("{} {}", user.account, user.attrs));
    Ok(())
}
