use super::registry;

#[test]
fn every_file_in_the_folder_is_an_endpoint_with_a_name_of_its_own() {
    let registry = registry();
    let mut names: Vec<&str> = registry.all().iter().map(|endpoint| endpoint.name()).collect();
    assert_eq!(names, ["daily-summary", "network-topology"]);
    names.dedup();
    for endpoint in registry.all() {
        assert!(endpoint.about().ends_with('.'));
        assert!(registry.find(endpoint.name()).is_some());
        for parameter in endpoint.parameters() {
            assert!(!parameter.about.is_empty(), "{} of {}", parameter.name, endpoint.name());
        }
        for narrowed in endpoint.filters() {
            assert!(narrowed.about.ends_with('.'), "{} of {}", narrowed.name, endpoint.name());
        }
    }
}
